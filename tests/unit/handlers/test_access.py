"""Who may ask, and what a stranger is told."""


async def test_status_answers(ask) -> None:
    answer = await ask("GET", "status")

    assert answer.status == 200
    assert answer.json["api"] == 1
