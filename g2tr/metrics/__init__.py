"""What is measured: answers, edited images, and cost."""
