// Training loops as people write them, each a script that runs by itself in a second, and those that Basin's lines are not put into.

const head = `import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
device = torch.device("cpu")
X, Y = torch.randn(32, 4), torch.randint(3, (32,))
train_loader = DataLoader(TensorDataset(X, Y), batch_size=8, shuffle=True)
`;
const net = `model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)
`;

export interface LoopShape {
  readonly name: string;
  readonly text: string;
  /** Arguments of `basin.watch` that the lines must have. */
  readonly has: readonly string[];
  /** Arguments that they must not have. */
  readonly lacks?: readonly string[];
}

export const loopShapes: readonly LoopShape[] = [
  {
    name: "epochs over a loader",
    text: `${head}${net}
for epoch in range(2):
    for inputs, targets in train_loader:
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
`,
    has: ["model", "optimizer", "loss=criterion", "data=basin.hold(train_loader, examples=2048)"],
    lacks: ["forward", "test="],
  },
  {
    name: "enumerate, a named output, a test set",
    text: `${head}${net}test_loader = DataLoader(TensorDataset(X, Y), batch_size=16)
for epoch in range(2):
    for i, (images, labels) in enumerate(train_loader):
        outputs = model(images)
        loss = F.cross_entropy(outputs, labels)  # the mean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if i % 2 == 0:
            print(f"{epoch}: {loss.item():.3f}")
`,
    has: ["loss=F.cross_entropy", "test=basin.hold(test_loader, examples=2048)"],
    lacks: ["forward"],
  },
  {
    name: "a batch that is taken apart",
    text: `${head}${net}
step = 0
while step < 6:
    for batch in train_loader:
        x, y = batch
        x = x.to(device)
        y = y.to(device, non_blocking=True)
        optimizer.zero_grad()
        logits = model(x)
        loss = criterion(logits, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        step += 1
`,
    has: ["loss=criterion", "data=basin.hold(train_loader, examples=2048)"],
    lacks: ["forward"],
  },
  {
    name: "inputs that are flattened first",
    text: `${head}${net}
for epoch in range(2):
    for data, target in train_loader:
        data = data.reshape(-1, 4).to(device)
        loss = criterion(model(data), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
`,
    has: ["forward=lambda model, batch: (model(batch[0].reshape(-1, 4).to(device)), batch[1])"],
  },
  {
    name: "a function, its loader and model parameters",
    text: `${head}${net}

def train(model, loader, optimizer, epochs: int = 2):
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)
    model.train()
    for _ in range(epochs):
        for xb, yb in loader:
            optimizer.zero_grad(set_to_none=True)
            loss = loss_fn(model(xb), yb)
            loss.backward()
            optimizer.step()
    return model


train(model, train_loader, optimizer)
`,
    has: ["loss=loss_fn", "data=basin.hold(loader, examples=2048)"],
  },
  {
    name: "a method of a trainer",
    text: `${head}

class Trainer:
    def __init__(self):
        self.model = nn.Linear(4, 3)
        self.optimizer = optim.AdamW(self.model.parameters(), lr=1e-2)
        self.loader = train_loader

    def fit(self):
        for epoch in range(2):
            for inputs, labels in self.loader:
                self.optimizer.zero_grad()
                loss = F.cross_entropy(self.model(inputs), labels)
                loss.backward()
                self.optimizer.step()


Trainer().fit()
`,
    has: ["self.model", "self.optimizer", "data=basin.hold(self.loader, examples=2048)"],
  },
  {
    name: "a full batch",
    text: `${head}${net}
for step in range(8):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
`,
    has: ["data=basin.hold((X, Y))", "batch_size=len(X)", 'sampling="epochs"', "drop_last=False"],
    lacks: ["forward"],
  },
  {
    name: "a gradient scaler and autocast",
    text: `${head}${net}scaler = torch.cuda.amp.GradScaler(enabled=False)
for epoch in range(2):
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        with torch.autocast("cpu", enabled=False):
            output = model(inputs)
            loss = criterion(output, targets)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
`,
    has: ["loss=criterion"],
    lacks: ["forward"],
  },
  {
    name: "a loss that is computed on more than the output itself",
    text: `${head}${net}weight = torch.ones(3)
for epoch in range(2):
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        out = model(inputs)
        loss = F.cross_entropy(out.view(-1, 3), targets.view(-1), weight=weight, reduction="mean")
        loss.backward(); optimizer.step()
`,
    has: [
      'loss=lambda outputs, targets: F.cross_entropy(outputs.view(-1, 3), targets.view(-1), weight=weight, reduction="mean")',
    ],
    lacks: ["forward"],
  },
  {
    name: "dictionaries of a dataset",
    text: `${head.replace("TensorDataset(X, Y)", '[{"x": x, "y": y} for x, y in zip(X, Y)]')}${net}
for epoch in range(2):
    for batch in train_loader:
        optimizer.zero_grad()
        logits = model(batch["x"].to(device))
        loss = criterion(logits, batch["y"].to(device))
        loss.backward()
        optimizer.step()
`,
    has: ['forward=lambda model, batch: (model(batch["x"].to(device)), batch["y"])'],
  },
  {
    name: "a progress bar, a compiled or wrapped model, a schedule",
    text: `${head}${net}tqdm = list
net = nn.Sequential(model)
scheduler = optim.lr_scheduler.StepLR(optimizer, 10)
for epoch in range(2):
    bar = tqdm(train_loader)
    for x, y in bar:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step()
`,
    has: ["net", "data=basin.hold(train_loader, examples=2048)"],
  },
  {
    name: "no end of line, regression, tabs",
    text: `${head}model = nn.Linear(4, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
if __name__ == "__main__":
	for epoch in range(2):
		for inputs, _ in train_loader:
			target = inputs.sum(1, keepdim=True)
			optimizer.zero_grad()
			loss = nn.MSELoss()(model(inputs), target)
			loss.backward()
			optimizer.step()`,
    has: [
      "loss=nn.MSELoss()",
      "forward=lambda model, batch: (model(batch[0]), batch[0].sum(1, keepdim=True))",
    ],
  },
];

const plain = loopShapes[0].text;

/** Scripts that nothing is put into, with words of the reason. */
export const refusedShapes: readonly { readonly text: string; readonly why: RegExp }[] = [
  { text: "print(1)\n", why: /no optimizer\.step\(\)/ },
  { text: `import basin\nprobe = basin.watch(m, o)\n${plain}`, why: /already/ },
  {
    text: plain.replace("        optimizer.step()", "        if i % 4 == 0:\n            optimizer.step()"),
    why: /accumulation/,
  },
  { text: plain.replace("loss.backward()", "(loss / 4).backward()"), why: /changed where backward/ },
  {
    text: plain.replace("loss.backward()", "loss = loss / 4\n        loss.backward()"),
    why: /more than one expression/,
  },
  {
    text: plain.replace("loss.backward()", "for part in parts:\n            loss.backward()"),
    why: /loop of its own/,
  },
  { text: plain.replace("optimizer.step()", "optimizer.step(closure)"), why: /closure/ },
  {
    text: plain.replace("optimizer.step()", "optimizer.step()\n        optimizer_d.step()"),
    why: /optimizer and optimizer_d/,
  },
  {
    text: plain.replace("criterion(model(inputs), targets)", "model(inputs, targets).loss"),
    why: /cannot be seen/,
  },
  {
    text: plain.replace(
      "criterion(model(inputs), targets)",
      "criterion(model(inputs), targets) + 0.1 * penalty(model)",
    ),
    why: /besides its output|cannot be seen/,
  },
  {
    text: plain.replace(
      "criterion(model(inputs), targets)",
      'F.cross_entropy(model(inputs), targets, reduction="sum")',
    ),
    why: /mean/,
  },
  {
    text: plain.replace("criterion(model", "losses[epoch](model"),
    why: /epoch, which is made anew|cannot be seen/,
  },
  {
    text: plain.replace("in train_loader:", "in DataLoader(data, batch_size=8):"),
    why: /give the loader a name/,
  },
  {
    text: plain.replace("    for inputs", "    train_loader = DataLoader(data)\n    for inputs"),
    why: /train_loader is made anew/,
  },
  {
    text: `def train(model, loader, optimizer):
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

for epoch in range(10):
    train(model, loader, optimizer)
`,
    why: /once an epoch/,
  },
  {
    text: `def train_step(x, y):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
`,
    why: /calls train_step\(\) is elsewhere/,
  },
  {
    text: `optimizer = optim.SGD(model.parameters(), lr=0.1)
for step in range(10):
    i = torch.randint(32, (8,))
    loss = F.cross_entropy(model(X[i]), Y[i])
    loss.backward()
    optimizer.step()
`,
    why: /drawn inside the loop|cannot be seen|made anew/,
  },
  { text: "trainer = pl.Trainer(max_epochs=3)\ntrainer.fit(model, loader)\n", why: /basin\.lightning/ },
  { text: `${plain}\n${plain}`, why: /put the cursor into one/ },
];
