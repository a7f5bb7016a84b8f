from g2tr.benchmarks.rules import Question, choice, short_answer, template, unchanged

QUESTION = Question("What is it?", {"A": "a cat", "B": "a dog"})
HINTED = Question("What is it?", {"A": "a cat", "B": "a dog"}, "It barks.")


def test_prompts_of_multiple_choice_to_the_letter() -> None:
    wish = "Answer with the option's letter from the given choices directly."
    assert choice(QUESTION) == f"What is it?\nA. a cat\nB. a dog\n{wish}"
    assert choice(HINTED) == f"It barks.\nWhat is it?\nA. a cat\nB. a dog\n{wish}"
    asked = "Question: What is it?\nOptions:\nA. a cat\nB. a dog\n"
    rest = f"{asked}Please select the correct answer from the options above. \n"
    assert template(QUESTION) == rest
    assert template(HINTED) == f"Hint: It barks.\n{rest}"


def test_a_wish_for_a_short_answer_is_not_said_twice() -> None:
    asked = "Is it?\nAnswer the question using a single word or phrase."
    assert short_answer(Question("Is it?")) == short_answer(Question(asked)) == asked
    assert unchanged(Question(" Is it? ")) == " Is it? "
