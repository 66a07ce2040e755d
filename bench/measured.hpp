// What `bench/compare --instructions` counts.
#pragma once

namespace leasehold::bench {

/// Runs `work`. Callgrind counts what happens within and nothing else (it finds this function by
/// its name, so it must stay one): neither making the bed nor checking the result.
template <class Work>
[[gnu::noinline]] void measured(Work&& work) {
    work();
    asm volatile("" ::: "memory");  // no tail call: the end is a return from here
}

}  // namespace leasehold::bench
