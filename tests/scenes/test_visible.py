from g2tr.scenes.scene import Background, Scene, Thing
from g2tr.scenes.versions import V2
from g2tr.scenes.visible import settled, shares, uncluttered, unmixed


def scene(*things: Thing, size: tuple[int, int] = (224, 224)) -> Scene:
    return Scene(size, Background("gray"), things)


def test_the_lower_thing_is_hidden_by_what_lies_on_it() -> None:
    low, high = Thing(1, 1, "square", "red", radius=14), Thing(1, 2, "square", "blue", dx=-56)
    assert [share.body for share in shares([scene(low, high)])[0]] == [0.0, 1.0]
    assert [share.body for share in shares([scene(high, low)])[0]][1] == 1.0


def test_half_a_square_outside_the_picture_is_half_seen() -> None:
    (share,) = shares([scene(Thing(0, 0, "square", "red", dx=-28))])[0]
    assert abs(share.body - 0.5) < 0.02 and share.label == 1.0


def test_a_covered_label_cannot_be_read() -> None:
    sign = Thing(1, 1, "sign", "red", label="cat")
    covered = scene(sign, Thing(1, 2, "diamond", "blue", radius=14, dx=-30))
    body, label = shares([covered])[0][0]
    assert body > 0.7 and 0.5 < label < 0.95 and settled([covered], 0.5) == [False]
    assert uncluttered([covered], 0.5)[0].things == covered.things[1:]


def test_things_of_one_colour_never_touch() -> None:
    touching = scene(Thing(1, 1, "star", "red", dx=10), Thing(1, 2, "ring", "red", dx=-10), Thing(3, 3, "ring", "blue"))
    assert [thing.shape for thing in unmixed(touching).things] == ["ring", "ring"]


def test_shares_do_not_depend_on_the_company(rich: list[Scene]) -> None:
    assert shares(rich[:12]) == [shares([each])[0] for each in rich[:12]]


def test_what_is_left_can_be_seen_and_some_of_it_overlaps(rich: list[Scene]) -> None:
    assert all(settled(rich, V2.visible))
    bodies = [share.body for own in shares(rich) for share in own]
    assert 0.1 < sum(body < 0.98 for body in bodies) / len(bodies) < 0.4
    assert min(len(each.things) for each in rich) >= 3
