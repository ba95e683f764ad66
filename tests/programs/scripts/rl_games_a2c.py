"""PPO on CartPole: losses, rewards, lengths of episodes and frames per second, by its agent."""

PROGRAM = "rl_games"
DISTRIBUTION = "rl-games"
REQUIREMENTS = ["rl-games==1.6.5", "torch"]
CHOICE = "Always."
TIMED = "performance/|/time$"


def main(logdir: str) -> None:
    import gymnasium
    import numpy as np
    from rl_games.common import env_configurations, vecenv
    from rl_games.torch_runner import Runner

    class Poles(vecenv.IVecEnv):
        """Two environments in this process; rl_games would use Ray."""

        def __init__(self, config_name: str, count: int, **_: object) -> None:
            self.envs = [gymnasium.make("CartPole-v1") for _ in range(count)]

        def reset(self) -> np.ndarray:
            return np.stack([env.reset(seed=index)[0] for index, env in enumerate(self.envs)])

        def step(self, actions: np.ndarray) -> tuple:
            rows = [self.step_one(env, action) for env, action in zip(self.envs, actions, strict=True)]
            states, rewards, dones = (np.stack(column) for column in zip(*rows, strict=True))
            return states, rewards.astype(np.float32), dones, {}

        def step_one(self, env: gymnasium.Env, action: int) -> tuple:
            state, reward, terminated, truncated, _ = env.step(int(action))
            done = terminated or truncated
            return env.reset()[0] if done else state, reward, done

        def get_env_info(self) -> dict:
            env = self.envs[0]
            return {"observation_space": env.observation_space, "action_space": env.action_space, "agents": 1}

    vecenv.register("POLES", Poles)
    env_configurations.register("poles", {"vecenv_type": "POLES", "env_creator": lambda: None})
    config = {
        "name": "cartpole",
        "full_experiment_name": "cartpole",
        "train_dir": logdir,
        "env_name": "poles",
        "device": "cpu",
        "device_name": "cpu",
        "ppo": True,
        "multi_gpu": False,
        "reward_shaper": {"scale_value": 0.1},
        "normalize_advantage": True,
        "gamma": 0.99,
        "tau": 0.9,
        "learning_rate": 2e-4,
        "score_to_win": 1000,
        "grad_norm": 1.0,
        "entropy_coef": 0.01,
        "truncate_grads": True,
        "e_clip": 0.2,
        "clip_value": True,
        "num_actors": 2,
        "horizon_length": 32,
        "minibatch_size": 32,
        "mini_epochs": 2,
        "critic_coef": 1,
        "lr_schedule": None,
        "kl_threshold": 0.008,
        "normalize_input": False,
        "normalize_value": False,
        "max_epochs": 4,
        "save_best_after": 100,
        "save_frequency": 0,
        "print_stats": False,
        "torch_compile": False,
    }
    params = {
        "seed": 5,
        "algo": {"name": "a2c_discrete"},
        "model": {"name": "discrete_a2c"},
        "network": {
            "name": "actor_critic",
            "separate": False,
            "space": {"discrete": None},
            "mlp": {
                "units": [8],
                "activation": "relu",
                "initializer": {"name": "default"},
                "regularizer": {"name": "None"},
            },
        },
        "config": config,
    }
    runner = Runner()
    runner.load({"params": params})
    runner.run({"train": True, "play": False})
