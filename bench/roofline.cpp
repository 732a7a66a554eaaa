// What one core can do: float32 fused multiply-adds a second, and bytes a second from each level of memory.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "../src/glasshouse/kernels/simd.hpp"

using namespace glasshouse;
using T = float;

template <class Body> double seconds(Body&& body) {
    double best = 1e9;
    for (int round = 0; round < 7; ++round) {
        const auto started = std::chrono::steady_clock::now();
        body();
        const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        best = s < best ? s : best;
    }
    return best;
}

int main() {
    constexpr int chains = 12, times = 2'000'000;                          // enough to hide the latency of two units
    T seed[chains];
    for (int k = 0; k < chains; ++k) seed[k] = 1.0f / static_cast<T>(k + 2);
    volatile T sink = 0;
    const double flops = 2.0 * chains * times * static_cast<double>(lanes<T>) / seconds([&] {
        Vector<T> sum[chains], share = every<T>(0.999f);
        for (int k = 0; k < chains; ++k) sum[k] = every<T>(seed[k]);
        for (int i = 0; i < times; ++i)
            for (int k = 0; k < chains; ++k) {
                sum[k] = fma(sum[k], share, share);
                asm volatile("" : "+v"(sum[k]));                           // each chain is computed, none is foreseen
            }
        for (int k = 0; k < chains; ++k) sink = sink + sum[k][0];
    });
    std::printf("%-28s %8.1f GFLOP/s\n", "fused multiply-add", flops / 1e9);
    for (const std::size_t kib : {16, 512, 8192, 262144}) {
        const std::size_t count = kib * 1024 / sizeof(T), sweeps = (std::size_t{1} << 28) / count + 1;
        T* x = static_cast<T*>(std::aligned_alloc(line_bytes, count * sizeof(T)));
        for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<T>(i % 7);
        const double bytes = static_cast<double>(sweeps * count * sizeof(T)) / seconds([&] {
            Vector<T> sum[8] = {};
            for (std::size_t s = 0; s < sweeps; ++s)
                for (std::size_t i = 0; i < count; i += 8 * lanes<T>)
                    for (std::size_t k = 0; k < 8; ++k) sum[k] += load(x + i + k * lanes<T>);
            for (auto& part : sum) sink = sink + part[0];
        });
        std::printf("reading %7zu KiB           %8.1f GB/s\n", kib, bytes / 1e9);
        std::free(x);
    }
}
