import { RecipientVerification } from "../../lib/mail/recipient-verification";

const REFUSAL = "550 5.1.1 Address lookup failed";
const entries = (recipients: RecipientVerification) =>
  recipients
    .accessEntries("domains[0].recipients", "example.com", REFUSAL)
    .map(({ key, value }) => `${key} ${value}`)
    .sort();

describe("how recipients are known", () => {
  test("callOut leaves every decision to the primary", () => {
    expect(entries(RecipientVerification.callOut())).toEqual([]);
  });

  test("list accepts the listed and refuses the rest of the domain", () => {
    const list = RecipientVerification.list(["sales@example.com", "info@example.com"]);
    expect(entries(list)).toEqual([
      `example.com ${REFUSAL}`,
      "info@example.com OK",
      "sales@example.com OK",
    ]);
  });

  test("listThenCallOut accepts the listed and leaves the rest to the primary", () => {
    const list = RecipientVerification.listThenCallOut(["info@example.com"]);
    expect(entries(list)).toEqual(["info@example.com OK"]);
  });

  test("none accepts the whole domain", () => {
    expect(entries(RecipientVerification.none())).toEqual(["example.com OK"]);
  });

  test("only none accepts all", () => {
    expect(RecipientVerification.none().acceptsAll).toBe(true);
    expect(RecipientVerification.callOut().acceptsAll).toBe(false);
    expect(RecipientVerification.list(["info@example.com"]).acceptsAll).toBe(false);
    expect(RecipientVerification.listThenCallOut(["info@example.com"]).acceptsAll).toBe(false);
  });

  test("neither the order nor the spelling nor a repetition of the addresses matters", () => {
    const one = RecipientVerification.list(["b@example.com", "a@example.com"]);
    const other = RecipientVerification.list(["A@Example.com", "b@example.com.", "a@example.com"]);
    expect(entries(other)).toEqual(entries(one));
  });

  test("an empty list would refuse everybody", () => {
    expect(() => entries(RecipientVerification.list([]))).toThrow(
      /^domains\[0\]\.recipients is an empty list .* use RecipientVerification\.callOut\(\)$/,
    );
  });

  test("an address of another domain is refused", () => {
    for (const way of [RecipientVerification.list, RecipientVerification.listThenCallOut]) {
      expect(() => entries(way(["info@example.org"]))).toThrow(/is outside its domain/);
    }
  });

  test("what the caller does to the array afterwards has no effect", () => {
    const addresses = ["info@example.com"];
    const list = RecipientVerification.listThenCallOut(addresses);
    addresses.push("late@example.com");
    expect(entries(list)).toEqual(["info@example.com OK"]);
  });
});
