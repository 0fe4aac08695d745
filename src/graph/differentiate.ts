// Reverse mode as a graph-to-graph map; forward mode as its transpose. No second set of rules.
import { reachable, sameShape, sizeOf, type Node } from "./node";
import { add } from "./ops/arithmetic";
import { dot } from "./ops/derived";

/**
 * Vector-Jacobian product: for outputs y(x) and cotangents ȳ, the nodes x̄ = Σ (∂y/∂x)ᵀ ȳ, one per node of `wrt`.
 * `wrt` may be interior nodes; each is then treated as a free variable for the outputs above it.
 * Zero cotangents come back as constants. Cost of running the result: a small multiple of running the outputs.
 */
export function vjp(outputs: readonly Node[], cotangents: readonly Node[], wrt: readonly Node[]): Node[] {
  const depends = new Set<Node>(wrt);
  const order = reachable(outputs);
  for (const node of order) if (node.inputs.some((input) => depends.has(input))) depends.add(node);
  const ct = new Map<Node, Node>();
  const accumulate = (node: Node, value: Node): void => {
    if (!sameShape(node.shape, value.shape))
      throw new Error(`internal: cotangent [${value.shape}] for ${node.op.name} of shape [${node.shape}]`);
    const old = ct.get(node);
    ct.set(node, old ? add(old, value) : value);
  };
  outputs.forEach((output, i) => accumulate(output, cotangents[i]));
  const targets = new Set(wrt);
  for (const node of order.reverse()) {
    const value = ct.get(node);
    if (!value || !depends.has(node)) continue;
    // A target that stands on another target still passes its cotangent on.
    if (targets.has(node) && !node.inputs.some((input) => depends.has(input))) continue;
    const pulled = node.op.vjp({ ct: value, out: node, inputs: node.inputs, attrs: node.attrs });
    node.inputs.forEach((input, i) => {
      const part = pulled[i];
      if (part && depends.has(input)) accumulate(input, part);
    });
  }
  return wrt.map((node) => ct.get(node) ?? node.graph.constant(0, node.shape));
}

/** Gradient of a scalar node with respect to each node of `wrt`. */
export function grad(output: Node, wrt: readonly Node[]): Node[] {
  if (sizeOf(output.shape) !== 1) throw new Error(`internal: grad of a node of shape [${output.shape}]`);
  return vjp([output], [output.graph.constant(1, output.shape)], wrt);
}

/**
 * Jacobian-vector product ẏ = (∂y/∂x) ẋ, as the transpose of the vjp: x̄ = Jᵀu is linear in u, so grad_u ⟨Jᵀu, ẋ⟩ = J ẋ.
 * The helper cotangents u must drop out; they do because every vjp rule is linear in its cotangent.
 */
export function jvp(outputs: readonly Node[], wrt: readonly Node[], tangents: readonly Node[]): Node[] {
  const { graph } = outputs[0];
  const helpers = outputs.map((output, i) =>
    graph.input(`transpose#${graph.nodes.length}.${i}`, output.shape),
  );
  const pulled = vjp(outputs, helpers, wrt);
  const paired = pulled.map((node, i) => dot(node, tangents[i])).reduce((a, b) => add(a, b));
  const result = grad(paired, helpers);
  const left = reachable(result).find((node) => helpers.includes(node));
  if (left) throw new Error("internal: a derivative rule is not linear in its cotangent");
  return result;
}

/** Hessian-vector product of a scalar: grad of ⟨grad, v⟩, one node per node of `wrt`. */
export function hvp(output: Node, wrt: readonly Node[], v: readonly Node[]): Node[] {
  const paired = grad(output, wrt)
    .map((g, i) => dot(g, v[i]))
    .reduce((a, b) => add(a, b));
  return grad(paired, wrt);
}
