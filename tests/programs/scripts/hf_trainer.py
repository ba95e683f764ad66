"""Losses, learning rate, gradient norm, evaluation, and the arguments as texts, by `TensorBoardCallback`."""

PROGRAM = "Hugging Face Transformers"
DISTRIBUTION = "transformers"
REQUIREMENTS = ["transformers==5.23.0", "accelerate==1.15.0", "torch"]
CHOICE = "Its fallback where TensorBoard is not installed: `report_to='tensorboard'`."
TIMED = "runtime|per_second"


def main(logdir: str) -> None:
    import os

    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

    os.environ["TENSORBOARD_LOGGING_DIR"] = logdir
    config = GPT2Config(vocab_size=20, n_positions=16, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    data = [{"input_ids": (row := torch.randint(0, 20, (16,))), "labels": row} for _ in range(16)]
    arguments = TrainingArguments(
        output_dir=f"{logdir}/output",
        report_to="tensorboard",
        num_train_epochs=2,
        per_device_train_batch_size=4,
        logging_steps=1,
        eval_strategy="epoch",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        seed=0,
    )
    trainer = Trainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=data, eval_dataset=data[:4])
    trainer.train()
