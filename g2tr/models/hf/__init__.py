"""Any vision-language model of transformers, reduced between its encoder and its language model."""
