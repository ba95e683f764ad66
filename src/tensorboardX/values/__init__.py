"""Values of users as arrays, whatever framework they come from."""
