"""InternVL-U: understanding with a Qwen3 language model, images by a separate generation decoder."""
