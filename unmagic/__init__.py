"""The command line: one small file a command, the only room that knows all the others."""
