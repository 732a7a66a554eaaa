// A sparse layer: the same sums as a dense one, over the places of a frozen topology only.
//
// Forward walks the rows of the pattern (CSR); the input gradient walks its columns (CSC), through `order`, the place of
// each column-ordered connection among the values. Both ascend, so zeros left out change no bit. A pattern with few zeros is
// faster `Filled`: written out with them, and multiplied as a dense layer.
#pragma once

#include <vector>

#include "dense.hpp"

namespace glasshouse {

/// The pattern of connections, as Python's Topology holds it; the arrays are borrowed.
struct Pattern {
    const std::int32_t *row_starts, *inputs;                               // CSR: (fan_out + 1,), (n_connections,)
    const std::int32_t *column_starts, *outputs, *order;                   // CSC: (fan_in + 1,), (n_connections,) twice
};

template <class T>
class Sparse : Layer<T> {
public:
    Sparse(const Pattern& pattern, const T* w, const T* b, T* dw, T* db, Columns<T>& below, Columns<T>& here, Team& team)
        : Layer<T>(b, db, below, here, team), pattern_(pattern), w_(w), dw_(dw) {}

    void forward(std::size_t n) {
        const std::size_t columns = here_.sweep(n);
        with(here_.activation, [&]<class F>(F) {
            team_.divide(here_.rows, flops(columns), [&](std::size_t begin, std::size_t end) {
                const auto& p = pattern_;
                for (std::size_t out = begin; out < end; ++out)
                    gather(p.row_starts[out], p.row_starts[out + 1], p.inputs, nullptr, b_[out], below_.a, below_.stride,
                           columns, out, this->template activate<F>());
            });
        });
        this->finish_forward(columns);
    }

    void backward(std::size_t n, bool add) {
        const std::size_t columns = this->ready_backward(n);
        team_.divide(here_.rows, flops(columns), [&](std::size_t begin, std::size_t end) {
            for (std::size_t out = begin; out < end; ++out) weight_gradient(out, columns, add);
            this->bias_gradient(begin, end, columns, add);
        });
        if (below_.delta == nullptr) return;
        with(below_.activation, [&]<class F>(F) {
            team_.divide(below_.rows, flops(columns), [&](std::size_t begin, std::size_t end) {
                const auto& p = pattern_;
                for (std::size_t in = begin; in < end; ++in)
                    gather(p.column_starts[in], p.column_starts[in + 1], p.outputs, p.order, T(0), here_.delta, here_.stride,
                           columns, in, this->template descend<F>());
            });
        });
    }

private:
    using Layer<T>::b_, Layer<T>::below_, Layer<T>::here_, Layer<T>::team_;

    double flops(std::size_t columns) const { return 2.0 * pattern_.row_starts[here_.rows] * static_cast<double>(columns); }

    /// The connections of one unit, as many at a time as stay in registers.
    void weight_gradient(std::size_t out, std::size_t columns, bool add) {
        constexpr std::int32_t group = registers_per_line == 1 ? 16 : registers_per_line == 2 ? 4 : 2;
        Folder<T> folder(add);
        std::int32_t k = pattern_.row_starts[out];
        const std::int32_t end = pattern_.row_starts[out + 1];
        const auto some = [&]<std::size_t I>() {
            Vector<T> folded[I];
            batch_products<1, I, T>(here_.delta + out * here_.stride, here_.stride, columns, folded, I, [&](std::size_t i) {
                return below_.a + static_cast<std::size_t>(pattern_.inputs[k + static_cast<std::int32_t>(i)]) * below_.stride;
            });
            for (std::size_t i = 0; i < I; ++i) folder.put(folded[i], dw_ + k + i);
            k += static_cast<std::int32_t>(I);
        };
        while (k + group <= end) some.template operator()<group>();
        while (k < end) some.template operator()<1>();
    }

    /// start + sum over the connections k of one unit, ascending, of w[order ? order[k] : k] * x[source[k]], every column.
    template <class Finish>
    void gather(std::int32_t begin, std::int32_t end, const std::int32_t* source, const std::int32_t* order, T start,
                const T* x, std::size_t stride, std::size_t columns, std::size_t row, Finish&& finish) const {
        std::size_t column = 0;
        const auto sweep = [&]<std::size_t N>() {
            Vector<T> sum[N];
            for (std::size_t r = 0; r < N; ++r) sum[r] = every<T>(start);
            for (std::int32_t k = begin; k < end; ++k) {
                const Vector<T> weight = every<T>(w_[order == nullptr ? k : order[k]]);
                const T* from = x + static_cast<std::size_t>(source[k]) * stride + column;
                for (std::size_t r = 0; r < N; ++r) sum[r] = fma(weight, load(from + r * lanes<T>), sum[r]);
            }
            for (std::size_t r = 0; r < N; ++r) finish(row, column + r * lanes<T>, sum[r]);
            column += N * lanes<T>;
        };
        while (column + 8 * lanes<T> <= columns) sweep.template operator()<8>();   // enough to hide the latency of fma
        if (column + 4 * lanes<T> <= columns) sweep.template operator()<4>();
        if (column + 2 * lanes<T> <= columns) sweep.template operator()<2>();
        if (column < columns) sweep.template operator()<1>();
    }

    const Pattern pattern_;
    const T* w_;
    T* dw_;
};

/// The same layer by way of a dense one over memory of its own, filled from the connections before every product.
template <class T>
class Filled {
public:
    Filled(const Pattern& pattern, const T* w, const T* b, T* dw, T* db, Columns<T>& below, Columns<T>& here, Team& team)
        : pattern_(pattern), w_(w), dw_(dw), fan_in_(below.rows), fan_out_(here.rows), team_(team), all_w_(fan_in_ * fan_out_),
          all_dw_(dw == nullptr ? 0 : fan_in_ * fan_out_),
          dense_(all_w_.data(), b, dw == nullptr ? nullptr : all_dw_.data(), db, below, here, team) {}

    void forward(std::size_t n) {
        each_connection([&](std::size_t place, std::size_t k) { all_w_[place] = w_[k]; });
        dense_.forward(n);
    }
    /// The weights are those of the way forward.
    void backward(std::size_t n, bool add) {
        if (add) each_connection([&](std::size_t place, std::size_t k) { all_dw_[place] = dw_[k]; });
        dense_.backward(n, add);
        each_connection([&](std::size_t place, std::size_t k) { dw_[k] = all_dw_[place]; });
    }

private:
    template <class Body> void each_connection(Body&& body) {
        team_.divide(fan_out_, 4.0 * pattern_.row_starts[fan_out_], [&](std::size_t begin, std::size_t end) {
            for (std::size_t out = begin; out < end; ++out)
                for (std::int32_t k = pattern_.row_starts[out]; k < pattern_.row_starts[out + 1]; ++k)
                    body(out * fan_in_ + static_cast<std::size_t>(pattern_.inputs[k]), static_cast<std::size_t>(k));
        });
    }

    const Pattern pattern_;
    const T* w_;
    T* dw_;
    const std::size_t fan_in_, fan_out_;
    Team& team_;
    std::vector<T> all_w_, all_dw_;                                        // zero where there is no connection
    Dense<T> dense_;
};

}  // namespace glasshouse
