"""Supervised fine-tuning of a small model: loss, entropy, token accuracy, learning rate and gradient norm."""

PROGRAM = "TRL"
DISTRIBUTION = "trl"
REQUIREMENTS = ["trl==1.16.0", "transformers==5.23.0", "accelerate==1.15.0", "torch"]
CHOICE = "As Transformers: `report_to='tensorboard'`."
TIMED = "runtime|per_second"


def main(logdir: str) -> None:
    import os

    import datasets
    import tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
    from trl import SFTConfig, SFTTrainer

    os.environ["TENSORBOARD_LOGGING_DIR"] = logdir
    words = ["<pad>", "<eos>", "<unk>", *["the", "cat", "sat", "on", "a", "mat", "and", "dog", "ran"]]
    model = tokenizers.models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    data = datasets.Dataset.from_dict({"text": ["the cat sat on a mat", "a dog ran and the cat sat"] * 8})
    config = GPT2Config(vocab_size=len(words), n_positions=32, n_embd=16, n_layer=1, n_head=2, eos_token_id=1)
    arguments = SFTConfig(
        output_dir=f"{logdir}/output",
        report_to="tensorboard",
        num_train_epochs=2,
        per_device_train_batch_size=4,
        logging_steps=1,
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,
        seed=0,
        max_length=16,
    )
    SFTTrainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=data, processing_class=tokenizer).train()
