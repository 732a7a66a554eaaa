// Losses: the sum over the batch of weight * loss, and delta = dL/dz of the last layer, in one sweep.
//
// A row is a functor that gives the term of one output: its value and its first two derivatives, with respect to a where
// the loss reads a (they then go back through whatever activation the outputs have), or with respect to z where value
// and gradient are exact only from the weighted sum, however sure the network is. Softmax couples the outputs of a
// sample, so its two cases stand by themselves.
#pragma once

#include "columns.hpp"

namespace glasshouse {

template <class V> struct Term { V value, slope, curvature; };

struct SquaredError {                                                      // (a - y)^2
    static constexpr bool reads_z = false;
    template <class V> static Term<V> of(V, V a, V y) {
        using T = ElementOf<V>;
        const V error = a - y;
        return {error * error, T(2) * error, V{} + T(2)};
    }
};

struct AbsoluteError {                                                     // |a - y|
    static constexpr bool reads_z = false;
    template <class V> static Term<V> of(V, V a, V y) {
        const V error = a - y, one = V{} + ElementOf<V>(1);
        return {magnitude(error), select(error > 0, one, select(error < 0, -one, error)), V{}};
    }
};

struct Huber {                                                             // (a - y)^2 / 2 up to 1, |a - y| - 1/2 beyond
    static constexpr bool reads_z = false;
    template <class V> static Term<V> of(V, V a, V y) {
        using T = ElementOf<V>;
        const V error = a - y, size = magnitude(error), one = V{} + T(1);
        return {select(size > 1, size - T(0.5), T(0.5) * error * error),
                select(error > 1, one, select(error < -1, -one, error)), select(size > 1, V{}, one)};
    }
};

struct SigmoidEntropy {                                                    // log(1 + exp(z)) - y z
    static constexpr bool reads_z = true;
    template <class V> static Term<V> of(V z, V a, V y) {
        using T = ElementOf<V>;
        return {fma(-y, z, Relu::value(z)) + log1p<T>(exp<T>(-magnitude(z))), a - y, Sigmoid::slope(z, a)};
    }
};

struct PoissonExp {                                                        // a - y log a, where log a = z
    static constexpr bool reads_z = true;
    template <class V> static Term<V> of(V z, V a, V y) { return {fma(-y, z, a), a - y, a}; }
};

struct PoissonSoftplus {                                                   // a - y log a, where a -> exp(z) far below 0
    static constexpr bool reads_z = true;
    template <class V> static Term<V> of(V z, V a, V y) {
        using T = ElementOf<V>;
        const auto far = z < T(-38);
        const V one = V{} + T(1), mean = select(far, one, a);
        const V slope = Softplus::slope(z, a), ratio = select(far, one, slope / mean);        // d log a / dz
        const V bend = select(far, V{}, ratio * (exp<T>(-mean) - ratio));                     // d^2 log a / dz^2
        return {fma(-y, select(far, z, log<T>(mean)), a), fma(-y, ratio, slope), fma(-y, bend, Softplus::curvature(z, a))};
    }
};

struct PerceptronLoss {                                                    // max(0, -y z): Rosenblatt's rule, also at y z = 0
    static constexpr bool reads_z = true;
    template <class V> static Term<V> of(V z, V, V y) {
        const V margin = y * z;
        return {select(margin > 0, V{}, -margin), select(margin > 0, V{}, -y), V{}};      // NaN stays NaN
    }
};

struct Hinge {                                                             // max(0, 1 - y z)
    static constexpr bool reads_z = true;
    template <class V> static Term<V> of(V z, V, V y) {
        const V margin = y * z;
        return {select(margin > 1, V{}, ElementOf<V>(1) - margin), select(margin > 1, V{}, -y), V{}};     // NaN stays NaN
    }
};

/// Calls body with the functor of a loss for outputs of an activation, or with none of them.
template <class Body> decltype(auto) with_terms(const std::string& loss, Activation output, Body&& body) {
    const bool decides = output == Activation::identity || output == Activation::sign;
    if (loss == "cross_entropy" && output == Activation::sigmoid) return body(SigmoidEntropy{});
    if (loss == "squared_error" && output != Activation::sign) return body(SquaredError{});
    if (loss == "absolute_error" && output != Activation::sign) return body(AbsoluteError{});
    if (loss == "huber" && output != Activation::sign) return body(Huber{});
    if (loss == "poisson" && output == Activation::exp) return body(PoissonExp{});
    if (loss == "poisson" && output == Activation::softplus) return body(PoissonSoftplus{});
    if (loss == "perceptron" && decides) return body(PerceptronLoss{});
    if (loss == "hinge" && decides) return body(Hinge{});
    throw std::invalid_argument("no loss is called '" + loss + "' for " + activation_names[static_cast<int>(output)] + " outputs");
}

template <class T>
class Loss {
public:
    Loss(const std::string& name, Columns<T>& output, Columns<T>& target, Columns<T>& weight)
        : output_(output), target_(target), weight_(weight) {
        if (output.delta == nullptr) throw std::invalid_argument("a loss needs output columns that keep delta");
        if (target.rows != output.rows || weight.rows != 1) throw std::invalid_argument("outputs, targets and weight differ in rows");
        if (target.capacity != output.capacity || weight.capacity != output.capacity)
            throw std::invalid_argument("outputs, targets and weight differ in capacity");
        const bool is_entropy = name == "cross_entropy" && output.activation == Activation::softmax;
        const bool reads_z = choose(name, is_entropy);
        if (reads_z && !output.keeps_z() && output.activation != Activation::identity)
            throw std::invalid_argument(name + " reads z: bind the output columns with keep_z");
    }

    /// The sum over the first n columns of weight * loss; writes delta.
    double operator()(std::size_t n) { return sweep(n, slopes_, output_.delta); }

    /// The same sum; writes weight * d^2 loss / dz^2 of every output into `into`.
    double curvature(std::size_t n, Columns<T>& into) {
        if (into.rows != output_.rows || into.capacity != output_.capacity)
            throw std::invalid_argument("outputs and curvatures differ in shape");
        return sweep(n, curvatures_, into.a);
    }

private:
    using Sweep = Vector<T> (Loss::*)(std::size_t at, Vector<T> weight, T* into) const;

    bool choose(const std::string& name, bool is_entropy) {
        if (is_entropy) {
            slopes_ = &Loss::softmax_entropy<false>, curvatures_ = &Loss::softmax_entropy<true>;
            return true;
        }
        return with_terms(name, output_.activation, [&]<class L>(L) {
            if (output_.activation == Activation::softmax)
                slopes_ = &Loss::through_softmax<L, false>, curvatures_ = &Loss::through_softmax<L, true>;
            else
                with(output_.activation, [&]<class F>(F) {
                    slopes_ = &Loss::each_output<L, F, false>, curvatures_ = &Loss::each_output<L, F, true>;
                });
            return L::reads_z;
        });
    }

    double sweep(std::size_t n, Sweep columns_of, T* into) {
        const std::size_t columns = output_.sweep(n);
        BatchSum<T> total;
        for (std::size_t c = 0; c < columns; c += line<T>)
            for (std::size_t r = 0; r < registers_per_line; ++r) {
                const std::size_t at = c + r * lanes<T>;
                const Vector<T> weight = load(weight_.a + at);
                total.part[r] = fma(weight, (this->*columns_of)(at, weight, into), total.part[r]);
            }
        return static_cast<double>(total.fold());
    }

    /// Outputs that do not know of each other: the loss goes through the activation of each.
    template <class L, class F, bool curved> Vector<T> each_output(std::size_t at, Vector<T> weight, T* into) const {
        Vector<T> value{};
        each_row(at, into, [&](Vector<T> z, Vector<T> a, Vector<T> y) {
            const auto term = L::of(z, a, y);
            value += term.value;
            if constexpr (L::reads_z) return weight * (curved ? term.curvature : term.slope);
            const Vector<T> slope = F::slope(z, a);
            if constexpr (!curved) return weight * term.slope * slope;
            return weight * fma(term.slope, F::curvature(z, a), term.curvature * slope * slope);
        });
        return value;
    }

    /// With g = dL/da and m = sum of a g: dL/dz = a (g - m), and d^2L/dz^2 by differentiating that once more.
    template <class L, bool curved> Vector<T> through_softmax(std::size_t at, Vector<T> weight, T* into) const {
        Vector<T> value{}, mean{}, bend{};
        each_row(at, into, [&](Vector<T> z, Vector<T> a, Vector<T> y) {
            const auto term = L::of(z, a, y);
            value += term.value;
            mean = fma(a, term.slope, mean);
            bend = fma(a, fma(a, term.curvature, term.slope), bend);       // sum of a (g + a h), h = d^2L/da^2
            return term.slope;
        });
        each_row(at, into, [&](Vector<T> z, Vector<T> a, Vector<T> y) {
            const auto term = L::of(z, a, y);
            if constexpr (!curved) return weight * a * (term.slope - mean);
            const Vector<T> rest = T(1) - a;
            return weight * a * (rest * (term.slope - mean) + a * rest * term.curvature - a * (fma(a, term.curvature, term.slope) - bend));
        });
        return value;
    }

    template <bool curved> Vector<T> softmax_entropy(std::size_t at, Vector<T> weight, T* into) const {
        const std::size_t end = output_.rows * output_.stride;             // (log sum exp z) (sum y) - sum of y z
        Vector<T> largest = load(output_.z + at);
        for (std::size_t i = at; i < end; i += output_.stride) largest = larger(load(output_.z + i), largest);
        Vector<T> exponentials{}, mass{}, chosen{};
        for (std::size_t i = at; i < end; i += output_.stride) {
            const Vector<T> z = load(output_.z + i) - largest, y = load(target_.a + i);
            exponentials += exp<T>(z);
            mass += y;
            chosen = fma(y, z, chosen);
        }
        each_row(at, into, [&](Vector<T>, Vector<T> a, Vector<T> y) {
            return curved ? weight * mass * a * (T(1) - a) : weight * fma(a, mass, -y);
        });
        return fma(log<T>(exponentials), mass, -chosen);
    }

    /// into = body(z, a, y) for every output of one register of columns.
    template <class Body> void each_row(std::size_t at, T* into, Body&& body) const {
        for (std::size_t i = at; i < output_.rows * output_.stride; i += output_.stride)
            store(into + i, body(load(output_.z + i), load(output_.a + i), load(target_.a + i)));
    }

    Columns<T>&output_, &target_, &weight_;
    Sweep slopes_ = nullptr, curvatures_ = nullptr;
};

/// Turns weight * dL/da, which a loss from outside has put into delta, into dL/dz.
template <class T> void pull_back(Columns<T>& output, std::size_t n) {
    const std::size_t columns = output.sweep(n), end = output.rows * output.stride;
    if (output.delta == nullptr) throw std::invalid_argument("these columns keep no delta");
    for (std::size_t row = 0; row < output.rows; ++row) output.clear_past(n, output.delta + row * output.stride);
    for (std::size_t c = 0; c < columns; c += lanes<T>) {
        Vector<T> mean{};
        if (output.activation == Activation::softmax)
            for (std::size_t i = c; i < end; i += output.stride) mean = fma(load(output.a + i), load(output.delta + i), mean);
        with(output.activation, [&]<class F>(F) {
            for (std::size_t i = c; i < end; i += output.stride) {
                const Vector<T> z = load(output.z + i), a = load(output.a + i), gradient = load(output.delta + i);
                if constexpr (std::is_same_v<F, Softmax>) store(output.delta + i, a * (gradient - mean));
                else store(output.delta + i, gradient * F::slope(z, a));
            }
        });
    }
}

}  // namespace glasshouse
