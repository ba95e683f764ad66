"""Losses, rewards, lengths of episodes, noise and speed of an on-policy run, by its `Logger`."""

PROGRAM = "RSL-RL"
DISTRIBUTION = "rsl-rl-lib"
REQUIREMENTS = ["rsl-rl-lib==5.5.1", "torch", "onnx"]
SUBSTITUTE = True
TIMED = "Perf/|/time$"


def main(logdir: str) -> None:
    import torch
    from rsl_rl.utils.logger import Logger

    cfg = {"algorithm": {}, "num_steps_per_env": 4, "logger": "tensorboard"}
    logger = Logger(
        log_dir=logdir,
        cfg=cfg,
        env_cfg={"name": "env"},
        num_envs=4,
        is_distributed=False,
        gpu_world_size=1,
        gpu_global_rank=0,
        device="cpu",
    )
    logger.init_logging_writer()
    for iteration in range(4):
        for _ in range(4):
            rewards, dones = torch.rand(4), torch.rand(4) > 0.5
            logger.process_env_step(rewards, dones, {"log": {"/curriculum": torch.rand(1)}}, None)
        logger.log(
            it=iteration,
            start_it=0,
            total_it=4,
            collect_time=0.1,
            learn_time=0.1,
            loss_dict={"value": 1 / (iteration + 1), "surrogate": 0.5},
            learning_rate=1e-3,
            action_std=torch.ones(2),
            rnd_weight=None,
        )
    logger.writer.close()
