"""Programs that are not run, and why."""

NOT_RUN = {
    "Neptune": "Not tried. MLflow, which also replaces methods of the writer, is run.",
}
