"""Random lives of writers: programs that log, fork, are suspended, killed and given broken stores, judged from outside.

A life is a plan drawn from a seed (`plan`, `draw`), the processes that carry it out (`life`, `actor`, `calls`,
`faults`), and what is done to them from outside (`outside`). Each process reports every call before and after it
(`report`). Once all have ended, the reports are compared with what the event files hold (`readback`, `verdict`).

    python -m tests.reliability.stress --minutes 60     random lives, and a table of what became of them
    python -m tests.reliability.stress --life 4711      one life again
"""
