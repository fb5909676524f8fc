"""The console's pages, a module each, and the frame around them."""
