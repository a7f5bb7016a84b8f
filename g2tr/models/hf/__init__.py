"""Any vision-language model of transformers, reduced between its encoder and its language model."""

from g2tr.exports import lazily

EXPORTS = {"load_hf": "load"}
__getattr__ = lazily(__name__, EXPORTS)
