"""One Summary of each encoder and option, as text that can be reviewed; see cases.py and regenerate.py."""
