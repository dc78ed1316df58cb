"""Log-probabilities by transformers in float32: the reference of VLLMLogProbabilityTests.

    python policy_log_probabilities.py MODEL_FOLDER < REQUESTS > ANSWERS

Each line of REQUESTS is {"prompt": [ids], "completion": [ids]}; each of ANSWERS the list of the
completion's log-probabilities, in nats at temperature 1.
"""
import json
import sys

import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
for line in sys.stdin:
    request = json.loads(line)
    ids = request["prompt"] + request["completion"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double()
    values = torch.log_softmax(logits, -1)
    first = len(request["prompt"])
    print(json.dumps([values[i - 1, ids[i]].item() for i in range(first, len(ids))]))
