"""Learning rate, loss and evaluation of a small classifier, by its training loop."""

PROGRAM = "Simple Transformers"
DISTRIBUTION = "simpletransformers"
REQUIREMENTS = [
    "simpletransformers==0.70.8",
    "transformers==5.23.0",
    "torch",
    "scipy",
    "scikit-learn",
    "pandas",
    "tensorboard",
]
SUBSTITUTE = True


def main(logdir: str) -> None:
    from pathlib import Path

    import pandas
    from simpletransformers.classification import ClassificationArgs, ClassificationModel
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *["good", "bad", "film", "a", "the", "very"]]
    small = Path("small")
    small.mkdir()
    (small / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(small / "vocab.txt")).save_pretrained(small)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        num_labels=2,
    )
    BertForSequenceClassification(config).save_pretrained(small)
    data = pandas.DataFrame({"text": ["a good film", "the very bad film"] * 8, "labels": [1, 0] * 8})
    arguments = ClassificationArgs(
        tensorboard_dir=logdir,
        output_dir="output",
        num_train_epochs=2,
        train_batch_size=4,
        logging_steps=1,
        evaluate_during_training=True,
        evaluate_during_training_steps=4,
        manual_seed=0,
        no_save=True,
        no_cache=True,
        overwrite_output_dir=True,
        use_multiprocessing=False,
        use_multiprocessing_for_evaluation=False,
        silent=True,
        max_seq_length=16,
        dataloader_num_workers=0,
    )
    model = ClassificationModel("bert", str(small), args=arguments, use_cuda=False)
    model.train_model(data, eval_df=data)
