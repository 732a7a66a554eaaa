// One row through a network, for those who have one row at a time: weights transposed once, added input by input.
//
// Every output has one accumulator, started at b, and takes its terms in ascending order of the inputs: a row alone is the same
// bits as the row in a batch.
#pragma once

#include <vector>

#include "columns.hpp"

namespace glasshouse {

template <class T>
class Row {
    /// A line of the cache, so that vectors of them are aligned.
    struct alignas(line_bytes) Line { T at[line<T>]; };
    using Lines = std::vector<Line>;
    static T* numbers(Lines& lines) { return reinterpret_cast<T*>(lines.data()); }
    static Lines zeros(std::size_t count) { return Lines((count + line<T> - 1) / line<T>, Line{}); }

    struct Layer {
        std::size_t fan_in, fan_out;
        Activation activation;
        Lines b, w;                                                        // w (fan_in, padded fan_out), or by column of a pattern
        std::vector<std::int32_t> starts, outputs;                         // of a pattern; empty where w is dense
    };

public:
    explicit Row(std::size_t n_features) : n_features(n_features) {}

    const std::size_t n_features;
    std::size_t n_outputs() const { return layers_.empty() ? n_features : layers_.back().fan_out; }

    void add_dense(const T* w, const T* b, std::size_t fan_out, const std::string& activation) {
        Layer& layer = add(b, fan_out, activation);
        const std::size_t step = padded<T>(fan_out);
        layer.w = zeros(layer.fan_in * step);
        for (std::size_t out = 0; out < fan_out; ++out)
            for (std::size_t in = 0; in < layer.fan_in; ++in) numbers(layer.w)[in * step + out] = w[out * layer.fan_in + in];
    }

    /// The pattern is CSC: connection k of the columns has weight w[order[k]].
    void add_sparse(const std::int32_t* starts, const std::int32_t* outputs, const std::int32_t* order, std::size_t n_connections,
                    const T* w, const T* b, std::size_t fan_out, const std::string& activation) {
        Layer& layer = add(b, fan_out, activation);
        layer.starts.assign(starts, starts + layer.fan_in + 1);
        layer.outputs.assign(outputs, outputs + n_connections);
        layer.w = zeros(n_connections);
        for (std::size_t k = 0; k < n_connections; ++k) numbers(layer.w)[k] = w[order[k]];
    }

    void run(const T* x, T* out) {
        for (Layer& layer : layers_) {
            T* z = numbers(z_);
            if (layer.starts.empty()) dense(layer, x, z);
            else sparse(layer, x, z);
            T* a = numbers(a_);
            if (layer.activation == Activation::softmax) softmax_of(layer, z, a);
            else
                with(layer.activation, [&]<class F>(F) {
                    for (std::size_t k = 0; k < layer.fan_out; k += lanes<T>) store(a + k, F::value(load(z + k)));
                });
            x = a;
        }
        std::memcpy(out, x, n_outputs() * sizeof(T));
    }

private:
    Layer& add(const T* b, std::size_t fan_out, const std::string& activation) {
        Layer layer{n_outputs(), fan_out, activation_named(activation), zeros(fan_out), {}, {}, {}};
        std::memcpy(numbers(layer.b), b, fan_out * sizeof(T));
        if (layer.activation == Activation::softmax) wide_ = zeros(fan_out * line<T>);
        if (z_.size() * line<T> < fan_out) z_ = zeros(fan_out), a_ = zeros(fan_out);
        layers_.push_back(std::move(layer));
        return layers_.back();
    }

    static void dense(Layer& layer, const T* x, T* z) {
        const std::size_t step = padded<T>(layer.fan_out);
        std::size_t k = 0;
        const auto sweep = [&]<std::size_t N>() {
            Vector<T> sum[N];
            for (std::size_t r = 0; r < N; ++r) sum[r] = load(numbers(layer.b) + k + r * lanes<T>);
            const T* w = numbers(layer.w) + k;
            for (std::size_t in = 0; in < layer.fan_in; ++in, w += step)
                for (std::size_t r = 0; r < N; ++r) sum[r] = fma(load(w + r * lanes<T>), every<T>(x[in]), sum[r]);
            for (std::size_t r = 0; r < N; ++r) store(z + k + r * lanes<T>, sum[r]);
            k += N * lanes<T>;
        };
        while (k + 8 * lanes<T> <= step) sweep.template operator()<8>();   // enough to hide the latency of fma
        while (k + 2 * lanes<T> <= step) sweep.template operator()<2>();
        while (k < step) sweep.template operator()<1>();
    }

    static void sparse(Layer& layer, const T* x, T* z) {
        std::memcpy(z, numbers(layer.b), layer.b.size() * sizeof(Line));
        for (std::size_t in = 0; in < layer.fan_in; ++in)
            for (std::int32_t k = layer.starts[in]; k < layer.starts[in + 1]; ++k) {
                T& sum = z[layer.outputs[static_cast<std::size_t>(k)]];
                sum = fma(numbers(layer.w)[k], x[in], sum);
            }
    }

    /// By the sweep of a batch, of which this row is every column.
    void softmax_of(const Layer& layer, const T* z, T* a) {
        T* wide = numbers(wide_);
        for (std::size_t k = 0; k < layer.fan_out; ++k) store(wide + k * line<T>, every<T>(z[k]));
        softmax(wide, wide, layer.fan_out, line<T>);
        for (std::size_t k = 0; k < layer.fan_out; ++k) a[k] = wide[k * line<T>];
    }

    std::vector<Layer> layers_;
    Lines z_, a_, wide_;
};

}  // namespace glasshouse
