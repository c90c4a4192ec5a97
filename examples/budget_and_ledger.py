"""A budget that holds although many calls are under way, and a ledger that says where it went. No key, no network."""

import anyio

import reflector as rf


async def model_function(messages: list[dict[str, str]]) -> dict[str, object]:
    """Stand in for a language model that says what it used, as servers do."""
    await anyio.sleep(0.001)
    text = '{"analysis": "too terse", "suggestions": ["Give a reason for every answer."]}'
    return {"content": text, "usage": {"prompt_tokens": 400, "completion_tokens": 100}}


async def ask(model: rf.Model, refused: list[rf.BudgetExceededError]) -> None:
    try:
        await model.complete(rf.ModelRequest.from_text("Is 91 a prime?", max_tokens=300))
    except rf.BudgetExceededError as err:
        refused.append(err)


async def main() -> None:
    options = rf.ModelOptions(
        price=rf.Price(input=1.00, output=10.00),  # USD for a million tokens: 0.0014 for an answer
        limits=rf.RateLimits(concurrency=8),
    )
    model = rf.Model(model_function, options=options)
    run = rf.Ledger(rf.Budget(cost_usd=0.12))
    refused: list[rf.BudgetExceededError] = []
    with run.active():
        await rf.Reflector(model).reflect([{"role": "system", "content": "Be brief."}], prompt="Be brief.")
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(ask, model, refused)
    print(run)
    total = run.total()
    print(
        f"{total.calls} calls for ${total.usage.cost_usd:.4f} of ${run.budget.cost_usd}; {len(refused)} refused"
    )
    print(refused[0])


anyio.run(main)
