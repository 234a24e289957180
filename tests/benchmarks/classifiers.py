"""How many posts per CPU second each way to judge them does, on the same texts: ours, torch, transformers, VADER."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

POSTS = Path(__file__).parents[2] / "models" / "complaints" / "eval.jsonl"
TOKENIZER = POSTS.parent / "tokenizer.json"

MEASURE = """
import json, os, sys, time
os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")
texts = json.load(open(sys.argv[1]))
{make}
judge(texts[:1])
first = time.process_time()
judge(texts[:100])
start = time.process_time()
judge(texts)
spent = time.process_time() - start
memory = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
print(json.dumps([len(texts) / spent, first, memory / 1024]))
"""

SHIPPED = """
from monitor.classifiers import onnx
judge = onnx.create(onnx.Options()).score
"""

BERT = """
import torch, transformers
torch.set_num_threads(1)
torch.manual_seed(1)
shape = dict(hidden_size=384, num_hidden_layers={layers}, num_attention_heads=12, intermediate_size=1536)
config = transformers.BertConfig(**shape)
network = transformers.BertForSequenceClassification(config).eval()
tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=sys.argv[2], pad_token="[PAD]", model_max_length=128)
"""

TORCH = """
def judge(texts):
    with torch.inference_mode():
        return [network(**tokenizer(text, return_tensors="pt", truncation=True)).logits for text in texts]
"""

PIPELINE = """
classify = transformers.pipeline("text-classification", model=network, tokenizer=tokenizer, device="cpu")
judge = lambda texts: classify(texts, truncation=True, batch_size=8)
"""

VADER = """
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
analyser = SentimentIntensityAnalyzer()
judge = lambda texts: [analyser.polarity_scores(text) for text in texts]
"""

KEYWORDS = """
from monitor.classifiers import keywords
judge = keywords.create(keywords.Options()).score
"""

WAYS: Mapping[str, str] = {
    "shipped model, int8, text to verdict": SHIPPED,
    "torch fp32, the shipped shape (random weights)": BERT.format(layers="LAYERS") + TORCH,
    "torch fp32, MiniLM-L6 shape (random weights)": BERT.format(layers=6) + TORCH,
    "transformers pipeline, MiniLM-L6 shape": BERT.format(layers=6) + PIPELINE,
    "VADER": VADER,
    "word list": KEYWORDS,
}


def figures() -> Iterator[tuple[str, str, str]]:
    """Every way in a process of its own; weights do not change a network's speed, so random ones stand for any."""
    layers = len(json.loads((POSTS.parent / "manifest.json").read_text("utf-8"))["layers"])
    texts = [json.loads(line)["text"] for line in POSTS.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(texts), "utf-8")
        for name, make in WAYS.items():
            script = MEASURE.format(make=make.replace("LAYERS", str(layers)))
            command = [sys.executable, "-c", script, str(path), str(TOKENIZER)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            rate, first, memory = json.loads(answer.stdout.splitlines()[-1])
            ours = name.startswith("shipped")
            yield f"{name}, posts per CPU s", f"{rate:.0f}", ">= 350" if ours else ""
            yield "  start to first verdict, CPU s", f"{first:.2f}", "< 0.60" if ours else ""
            yield "  memory at most, MB", f"{memory:.0f}", ""
