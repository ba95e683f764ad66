"""Watching a PyTorch model while it is trained: the norms of its gradients, weights and updates.

Imported when `SummaryWriter.watch` is called, so torch is there by then.
"""
