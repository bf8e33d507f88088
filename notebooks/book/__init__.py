"""The course's site: notebooks, report, glossary, and ours beside the originals. Made by `python -m notebooks.book`.

originals   what a module of `reference_impl` says that it follows, as proven lines of installed files
pairs       which of its functions stands for which original
sides       the pages with both, side by side
gathering   all pages in one folder, laid out as in the repository, for Sphinx
diagrams    the report's sequence diagrams, drawn here, since nothing may be fetched
building    Sphinx, run on that folder
checking    every link and anchor of the finished site, and that nothing in it asks the network
conf        Sphinx's settings
"""
