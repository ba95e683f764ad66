"""Programs of many processes: which rank this one has, which ranks write, and what is written about all of them."""
