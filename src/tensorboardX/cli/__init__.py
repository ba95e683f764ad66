"""The command `tensorboardx`, also `python -m tensorboardX`. `import tensorboardX` does not import it.

`main.py` parses and dispatches, `verbs.py` lists the verbs, and each verb is a module with `add_parser` and `run`.
"""
