// The rows of one batch through one layer: z, a and delta, each (rows, capacity) with the batch contiguous.
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "activations.hpp"

namespace glasshouse {

/// An odd number of cache lines: rows a power of two apart fall into the same few sets of the cache.
template <class T> constexpr std::size_t row_stride(std::size_t capacity) {
    if (capacity > std::size_t{1} << 40) throw std::bad_alloc();
    const std::size_t lines = padded<T>(capacity) / line<T>;
    return (lines % 2 == 0 ? lines + 1 : lines) * line<T>;
}

template <class T>
class Columns {
    struct Memory {
        struct Free { void operator()(T* p) const { ::operator delete(p, std::align_val_t(line_bytes)); } };
        std::unique_ptr<T, Free> blocks[3];
        int used = 0;
        T* add(std::size_t rows, std::size_t stride) {
            if (rows > 0 && stride > (std::size_t{1} << 48) / rows) throw std::bad_alloc();
            const std::size_t count = rows * stride;
            const std::size_t bytes = (count == 0 ? 1 : count) * sizeof(T);
            blocks[used].reset(static_cast<T*>(::operator new(bytes, std::align_val_t(line_bytes))));
            std::memset(blocks[used].get(), 0, bytes);
            return blocks[used++].get();
        }
    };
    Memory memory_{};

public:
    const std::size_t rows, capacity, stride;
    const Activation activation;
    T* const a;
    T* const z;                                                            // the same memory as a, unless kept apart
    T* const delta;                                                        // null where no derivative is wanted

    Columns(std::size_t rows, std::size_t capacity, const std::string& activation_name, bool keep_z, bool keep_delta)
        : rows(rows), capacity(capacity), stride(row_stride<T>(capacity)), activation(activation_named(activation_name)),
          a(memory_.add(rows, stride)), z(keep_z || slope_reads_z(activation) ? memory_.add(rows, stride) : a),
          delta(keep_delta ? memory_.add(rows, stride) : nullptr) {
        if (capacity == 0) throw std::invalid_argument("columns need a capacity of at least 1");
    }
    Columns(const Columns&) = delete;

    bool keeps_z() const { return z != a; }

    void clear_past(std::size_t n, T* row) const { std::memset(row + n, 0, (padded<T>(n) - n) * sizeof(T)); }

    /// Every operation calls this first: n is what Python passed.
    std::size_t sweep(std::size_t n) const {
        if (n > capacity)
            throw std::invalid_argument("a batch of " + std::to_string(n) + " columns does not fit a capacity of " +
                                        std::to_string(capacity));
        return padded<T>(n);
    }
};

}  // namespace glasshouse
