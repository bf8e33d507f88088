"""How fast ours is beside the real stack: ratios within one run, never times of two. `make bench` prints them."""
