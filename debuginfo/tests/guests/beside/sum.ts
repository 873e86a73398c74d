// Sums the squares below a limit.
function square(value: i32): i32 {
  return value * value;
}

export function sum(limit: i32): i32 {
  let total = 0;
  for (let i = 0; i < limit; i++) {
    total += square(i);
  }
  return total;
}
