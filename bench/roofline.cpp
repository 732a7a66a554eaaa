// What one core can read: bytes a second from each level of memory.
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
    volatile T sink = 0;
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
