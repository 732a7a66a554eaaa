// A dense layer: z = w x + b, a = f(z), and the way back. x, z, a, delta are (units, batch); w is (fan_out, fan_in).
//
// One register tile serves both directions: rows of w forward, columns of w backward. Every result has one accumulator
// and takes its terms in ascending order, so tile sizes and threads change no bit.
#pragma once

#include "columns.hpp"
#include "team.hpp"

namespace glasshouse {

#if defined(__AVX512F__)
inline constexpr int tile_rows = 6, tile_registers = 4;                    // 24 of 32 registers accumulate
#else
inline constexpr int tile_rows = 6, tile_registers = 2;                    // 12 of 16
#endif

/// result[r][column] = start(r, column) + sum over s, ascending, of w[r * row_step + s * sum_step] * x[s][column],
/// for M rows and N registers of columns; finish(r, column, sum) takes each result.
template <int M, int N, class T, class Start, class Finish>
inline void product_tile(std::size_t row, std::size_t column, const T* w, std::size_t row_step, std::size_t sum_step,
                         std::size_t count, const T* x, std::size_t stride, Start&& start, Finish&& finish) {
    Vector<T> sum[M][N];
    w += row * row_step, x += column;
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < N; ++n) sum[m][n] = start(row + m, column + n * lanes<T>);
    for (std::size_t s = 0; s < count; ++s) {
        Vector<T> term[N];
        for (int n = 0; n < N; ++n) term[n] = load(x + s * stride + n * lanes<T>);
        for (int m = 0; m < M; ++m) {
            const Vector<T> weight = every<T>(w[m * row_step + s * sum_step]);
            for (int n = 0; n < N; ++n) sum[m][n] = fma(weight, term[n], sum[m][n]);
        }
    }
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < N; ++n) finish(row + m, column + n * lanes<T>, sum[m][n]);
}

/// The rows [begin, end) of a product, for N registers of columns.
template <int M, int N, class T, class Start, class Finish>
inline void product_rows(std::size_t begin, std::size_t end, std::size_t column, const T* w, std::size_t row_step,
                         std::size_t sum_step, std::size_t count, const T* x, std::size_t stride, Start&& start, Finish&& finish) {
    std::size_t r = begin;
    for (; r + M <= end; r += M) product_tile<M, N>(r, column, w, row_step, sum_step, count, x, stride, start, finish);
    if constexpr (M > 1)
        if (r < end) product_rows<M / 2, N>(r, end, column, w, row_step, sum_step, count, x, stride, start, finish);
}

template <class T, class Start, class Finish>
inline void product(std::size_t begin, std::size_t end, std::size_t columns, const T* w, std::size_t row_step, std::size_t sum_step,
                    std::size_t count, const T* x, std::size_t stride, Start&& start, Finish&& finish) {
    constexpr std::size_t width = tile_registers * lanes<T>;
    std::size_t column = 0;
    for (; column + width <= columns; column += width)
        product_rows<tile_rows, tile_registers>(begin, end, column, w, row_step, sum_step, count, x, stride, start, finish);
    for (; column < columns; column += lanes<T>)
        product_rows<tile_rows, 1>(begin, end, column, w, row_step, sum_step, count, x, stride, start, finish);
}

/// The product with columns of w in place of its rows, for a w that outgrows the caches: the sum goes `deep` terms at a time,
/// and the part of w they need lies packed, since the rows of a large matrix are pages apart. A sum that is set down in
/// `result` and taken up again is the same sum.
template <class T, class Finish>
inline void product_packed(std::size_t begin, std::size_t end, std::size_t columns, const T* w, std::size_t w_stride,
                           std::size_t count, const T* x, T* result, std::size_t stride, Finish&& finish) {
    constexpr std::size_t wide = 8 * tile_rows, deep = 256;
    alignas(line_bytes) T packed[deep * wide];
    for (std::size_t s = 0; s < count; s += deep) {
        const std::size_t terms = s + deep < count ? deep : count - s;
        for (std::size_t first = begin; first < end; first += wide) {
            const std::size_t rows = first + wide < end ? wide : end - first;
            for (std::size_t k = 0; k < terms; ++k) std::memcpy(packed + k * wide, w + (s + k) * w_stride + first, rows * sizeof(T));
            T* here = result + first * stride;
            product(0, rows, columns, packed, 1, wide, terms, x + s * stride, stride,
                    [&](std::size_t row, std::size_t column) { return s == 0 ? Vector<T>{} : load(here + row * stride + column); },
                    [&](std::size_t row, std::size_t column, Vector<T> sum) {
                        if (s + terms < count) store(here + row * stride + column, sum);
                        else finish(first + row, column, sum);
                    });
        }
    }
}

/// What dense and sparse layers share: the columns below and here, b and db, the activation, softmax, the team.
template <class T>
class Layer {
public:
    Layer(const T* b, T* db, Columns<T>& below, Columns<T>& here, Team& team) : b_(b), db_(db), below_(below), here_(here), team_(team) {
        if (below.capacity != here.capacity) throw std::invalid_argument("columns below and here differ in capacity");
        if (below.activation == Activation::softmax) throw std::invalid_argument("softmax belongs to the last layer only");
    }

protected:
    std::size_t ready_backward(std::size_t n) const {
        if (here_.delta == nullptr) throw std::invalid_argument("these columns keep no delta: bind the layer for training");
        return here_.sweep(n);
    }
    /// Turns a finished z into what the layer hands on.
    template <class F> auto activate() const {
        return [this](std::size_t row, std::size_t column, Vector<T> z) {
            const std::size_t at = row * here_.stride + column;
            if (here_.keeps_z()) store(here_.z + at, z);
            store(here_.a + at, F::value(z));
        };
    }
    void finish_forward(std::size_t columns) const {
        if (here_.activation == Activation::softmax)
            for (std::size_t c = 0; c < columns; c += lanes<T>) softmax(here_.z + c, here_.a + c, here_.rows, here_.stride);
    }
    /// Turns a finished dL/da of the layer below into its dL/dz.
    template <class F> auto descend() const {
        return [this](std::size_t row, std::size_t column, Vector<T> gradient) {
            const std::size_t at = row * below_.stride + column;
            store(below_.delta + at, gradient * F::slope(load(below_.z + at), load(below_.a + at)));
        };
    }
    void bias_gradient(std::size_t begin, std::size_t end, std::size_t columns, bool add) const {
        Folder<T> folder(add);
        for (std::size_t out = begin; out < end; ++out) {
            BatchSum<T> sum;
            for (std::size_t c = 0; c < columns; c += line<T>) sum.add(here_.delta + out * here_.stride + c);
            folder.put(sum.half_folded(), db_ + out);
        }
    }

    const T* b_;
    T* db_;
    Columns<T>&below_, &here_;
    Team& team_;
};

template <class T>
class Dense : Layer<T> {
public:
    Dense(const T* w, const T* b, T* dw, T* db, Columns<T>& below, Columns<T>& here, Team& team)
        : Layer<T>(b, db, below, here, team), w_(w), dw_(dw), fan_in_(below.rows), fan_out_(here.rows) {}

    void forward(std::size_t n) {
        const std::size_t columns = here_.sweep(n);
        with(here_.activation, [&]<class F>(F) {
            team_.divide(fan_out_, flops(columns), [&](std::size_t begin, std::size_t end) {
                product(begin, end, columns, w_, fan_in_, 1, fan_in_, below_.a, below_.stride,
                        [b = b_](std::size_t row, std::size_t) { return every<T>(b[row]); }, this->template activate<F>());
            });
        });
        this->finish_forward(columns);
    }

    void backward(std::size_t n, bool add) {
        const std::size_t columns = this->ready_backward(n);
        team_.divide(fan_out_, flops(columns), [&](std::size_t begin, std::size_t end) {
            weight_gradient(begin, end, columns, add);
            this->bias_gradient(begin, end, columns, add);
        });
        if (below_.delta == nullptr) return;
        with(below_.activation, [&]<class F>(F) {
            team_.divide(fan_in_, flops(columns), [&](std::size_t begin, std::size_t end) {
                if (fan_in_ * fan_out_ * sizeof(T) > worth_packing)
                    return product_packed(begin, end, columns, w_, fan_in_, fan_out_, here_.delta, below_.delta, here_.stride,
                                          this->template descend<F>());
                product(begin, end, columns, w_, 1, fan_in_, fan_out_, here_.delta, here_.stride,
                        [](std::size_t, std::size_t) { return Vector<T>{}; }, this->template descend<F>());
            });
        });
    }

private:
    using Layer<T>::b_, Layer<T>::below_, Layer<T>::here_, Layer<T>::team_;
    static constexpr std::size_t worth_packing = std::size_t{1} << 18;     // bytes of w, a quarter of a second-level cache
    static constexpr std::size_t side = 4;                                 // of a square of weights that is put down at once
    static constexpr std::size_t outs = registers_per_line == 1 ? 4 : 2;   // of its part whose sums stay in registers
    static constexpr std::size_t ins = registers_per_line == 1 ? 4 : registers_per_line == 2 ? 2 : 1;

    double flops(std::size_t columns) const { return 2.0 * static_cast<double>(fan_in_ * fan_out_ * columns); }

    void weight_gradient(std::size_t begin, std::size_t end, std::size_t columns, bool add) {
        Folder<T> folder(add);
        std::size_t out = begin;
        for (; out + side <= end; out += side) {
            std::size_t in = 0;
            for (; in + side <= fan_in_; in += side) square(out, in, columns, add);
            for (; in < fan_in_; ++in) edge<side, 1>(out, in, columns, folder);
        }
        for (; out < end; ++out) {
            std::size_t in = 0;
            for (; in + side <= fan_in_; in += side) edge<1, side>(out, in, columns, folder);
            for (; in < fan_in_; ++in) edge<1, 1>(out, in, columns, folder);
        }
    }
    /// The sums of O outputs and I inputs over the batch, each folded to one register.
    template <std::size_t O, std::size_t I>
    void products(std::size_t out, std::size_t in, std::size_t columns, Vector<T>* folded, std::size_t step) const {
        batch_products<O, I, T>(here_.delta + out * here_.stride, here_.stride, columns, folded, step,
                                [x = below_.a + in * below_.stride, stride = below_.stride](std::size_t i) { return x + i * stride; });
    }
    void square(std::size_t out, std::size_t in, std::size_t columns, bool add) {
        Vector<T> folded[side * side];
        for (std::size_t o = 0; o < side; o += outs)
            for (std::size_t i = 0; i < side; i += ins) products<outs, ins>(out + o, in + i, columns, folded + o * side + i, side);
        alignas(line_bytes) T sums[side * side];
        for (std::size_t k = 0; k < side * side; k += lanes<T>) store(sums + k, fold_together<T>(folded + k));
        for (std::size_t o = 0; o < side; ++o) {
            T* to = dw_ + (out + o) * fan_in_ + in;
            if (add)
                for (std::size_t i = 0; i < side; ++i) to[i] += sums[o * side + i];
            else std::memcpy(to, sums + o * side, side * sizeof(T));
        }
    }
    template <std::size_t O, std::size_t I> void edge(std::size_t out, std::size_t in, std::size_t columns, Folder<T>& folder) {
        Vector<T> folded[O * I];
        products<O, I>(out, in, columns, folded, I);
        for (std::size_t o = 0; o < O; ++o)
            for (std::size_t i = 0; i < I; ++i) folder.put(folded[o * I + i], dw_ + (out + o) * fan_in_ + in + i);
    }

    const T* w_;
    T* dw_;
    const std::size_t fan_in_, fan_out_;
};

}  // namespace glasshouse
