"""The null work as a Celery task; the broker's port comes from the environment."""
import os

from celery import Celery
from null_work import complete

_redis = f"redis://127.0.0.1:{os.environ['OGIVE_REDIS_PORT']}"
app = Celery("null_work", broker=f"{_redis}/0", backend=f"{_redis}/1")
app.conf.update(task_acks_late=True, task_ignore_result=False)


@app.task
def work(prompt, draws):
    """One prompt."""
    return complete(prompt, draws)
