// Losses: the sum over the batch of weight * loss, and delta = dL/dz of the last layer, in one sweep.
//
// squared_error reads a and goes back through whatever activation the outputs have. cross_entropy reads z, where its
// value and its gradient are exact however sure the network is; it accepts softmax and sigmoid outputs.
#pragma once

#include "columns.hpp"

namespace glasshouse {

enum class LossKind { cross_entropy, squared_error };

inline LossKind loss_named(const std::string& name) {
    if (name == "cross_entropy") return LossKind::cross_entropy;
    if (name == "squared_error") return LossKind::squared_error;
    throw std::invalid_argument("no loss is called '" + name + "'");
}

template <class T>
class Loss {
public:
    Loss(const std::string& name, Columns<T>& output, Columns<T>& target, Columns<T>& weight)
        : kind_(loss_named(name)), output_(output), target_(target), weight_(weight) {
        if (output.delta == nullptr) throw std::invalid_argument("a loss needs output columns that keep delta");
        if (target.rows != output.rows || weight.rows != 1) throw std::invalid_argument("outputs, targets and weight differ in rows");
        if (target.capacity != output.capacity || weight.capacity != output.capacity)
            throw std::invalid_argument("outputs, targets and weight differ in capacity");
        if (kind_ == LossKind::cross_entropy) {
            if (output.activation != Activation::softmax && output.activation != Activation::sigmoid)
                throw std::invalid_argument("cross_entropy needs softmax or sigmoid outputs");
            if (!output.keeps_z()) throw std::invalid_argument("cross_entropy reads z: bind the output columns with keep_z");
        }
    }

    /// The sum over the first n columns of weight * loss; writes delta.
    double operator()(std::size_t n) {
        const std::size_t columns = output_.sweep(n);
        BatchSum<T> total;
        for (std::size_t c = 0; c < columns; c += line<T>)
            for (std::size_t r = 0; r < registers_per_line; ++r) {
                const std::size_t at = c + r * lanes<T>;
                const Vector<T> weight = load(weight_.a + at);
                total.part[r] = fma(weight, column(at, weight), total.part[r]);
            }
        return static_cast<double>(total.fold());
    }

private:
    Vector<T> column(std::size_t at, Vector<T> weight) {
        if (kind_ == LossKind::squared_error)
            return output_.activation == Activation::softmax ? squared_softmax(at, weight) : squared(at, weight);
        return output_.activation == Activation::softmax ? softmax_entropy(at, weight) : sigmoid_entropy(at, weight);
    }

    Vector<T> squared(std::size_t at, Vector<T> weight) {                  // sum over outputs of (a - y)^2
        Vector<T> value{};
        with(output_.activation, [&]<class F>(F) {
            each_row(at, [&](Vector<T> z, Vector<T> a, Vector<T> y) {
                const Vector<T> error = a - y;
                value = fma(error, error, value);
                return T(2) * weight * error * F::slope(z, a);
            });
        });
        return value;
    }
    Vector<T> squared_softmax(std::size_t at, Vector<T> weight) {          // delta = a (g - sum of a g), g = dL/da
        Vector<T> value{}, mean{};
        each_row(at, [&](Vector<T>, Vector<T> a, Vector<T> y) {
            const Vector<T> error = a - y, gradient = T(2) * weight * error;
            value = fma(error, error, value);
            mean = fma(a, gradient, mean);
            return gradient;
        });
        for (std::size_t i = at; i < output_.rows * output_.stride; i += output_.stride)
            store(output_.delta + i, load(output_.a + i) * (load(output_.delta + i) - mean));
        return value;
    }
    Vector<T> sigmoid_entropy(std::size_t at, Vector<T> weight) {          // sum of log(1 + exp(z)) - y z
        Vector<T> value{};
        each_row(at, [&](Vector<T> z, Vector<T> a, Vector<T> y) {
            value += fma(-y, z, larger(z, Vector<T>{} * z)) + log1p<T>(exp<T>(-magnitude(z)));
            return weight * (a - y);
        });
        return value;
    }
    Vector<T> softmax_entropy(std::size_t at, Vector<T> weight) {          // (log sum exp z) (sum y) - sum of y z
        const std::size_t end = output_.rows * output_.stride;
        Vector<T> largest = load(output_.z + at);
        for (std::size_t i = at; i < end; i += output_.stride) largest = larger(load(output_.z + i), largest);
        Vector<T> exponentials{}, mass{}, chosen{};
        for (std::size_t i = at; i < end; i += output_.stride) {
            const Vector<T> z = load(output_.z + i) - largest, y = load(target_.a + i);
            exponentials += exp<T>(z);
            mass += y;
            chosen = fma(y, z, chosen);
        }
        each_row(at, [&](Vector<T>, Vector<T> a, Vector<T> y) { return weight * fma(a, mass, -y); });
        return fma(log<T>(exponentials), mass, -chosen);
    }

    /// delta = body(z, a, y) for every output of one register of columns.
    template <class Body> void each_row(std::size_t at, Body&& body) {
        for (std::size_t i = at; i < output_.rows * output_.stride; i += output_.stride)
            store(output_.delta + i, body(load(output_.z + i), load(output_.a + i), load(target_.a + i)));
    }

    const LossKind kind_;
    Columns<T>&output_, &target_, &weight_;
};

}  // namespace glasshouse
