// What one core can do: fused multiply-adds a second, and bytes a second from each level of memory.
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

/// Independent chains of fused multiply-adds, as many as hide their latency, nothing read or written.
Vector<T> chains(std::size_t steps, Vector<T> factor, Vector<T> term) {
    constexpr std::size_t count = 12;
    Vector<T> sum[count];
    for (std::size_t k = 0; k < count; ++k) sum[k] = term * static_cast<T>(k);
    for (std::size_t s = 0; s < steps; ++s)
        for (std::size_t k = 0; k < count; ++k) sum[k] = fma(sum[k], factor, term);
    for (std::size_t k = 1; k < count; ++k) sum[0] += sum[k];
    return sum[0];
}

int main() {
    volatile T sink = 0, one = 1;
    const std::size_t steps = std::size_t{1} << 24;
    const double flops = 2.0 * 12 * lanes<T> * static_cast<double>(steps);
    std::printf("multiply-add                  %8.1f GFLOP/s\n", flops / 1e9 / seconds([&] {
        sink = sink + chains(steps, every<T>(one * 0.5f), every<T>(one))[0];
    }));
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
