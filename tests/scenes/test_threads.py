import pytest
import torch

from g2tr.scenes.threads import one_thread


def test_one_thread_works_and_all_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    monkeypatch.setattr(torch, "set_num_threads", seen.append)
    with pytest.raises(KeyError), one_thread(torch.device("cpu")):
        raise KeyError
    assert seen == [1, 7]
    with one_thread(torch.device("cuda")):
        assert seen == [1, 7]
