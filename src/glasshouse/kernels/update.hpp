// Optimiser steps: one sweep over the flat vector of parameters, and the gradient's norm that must come first.
//
// Each row is a functor that maps (parameter, gradient, its moments) to the new parameter, for a register or a number.
// `movable` (one byte a parameter, or null) says what a step may touch; a parameter it may not touch keeps its moments.
#pragma once

#include <cmath>

#include "simd.hpp"

namespace glasshouse {

/// What a step sweeps over. L2 is added to the gradient of the first n_weights parameters: biases come after them.
template <class T>
struct Sweep {
    T* parameters;
    const T* gradient;
    const std::uint8_t* movable;
    std::size_t size, n_weights;

    /// update(parameter, gradient, first[i], second[i]...) -> new parameter, where moments are passed by reference.
    template <class Update, class... Moments> void run(T l2, Update&& update, Moments*... moments) const {
        if (movable == nullptr) {
            std::size_t i = registers(std::size_t{0}, n_weights, l2, update, moments...);
            numbers(i, n_weights, l2, update, moments...);
            i = registers(n_weights, size, T(0), update, moments...);
            numbers(i, size, T(0), update, moments...);
        } else {
            numbers(0, n_weights, l2, update, moments...);
            numbers(n_weights, size, T(0), update, moments...);
        }
    }

private:
    template <class Update, class... Moments>
    std::size_t registers(std::size_t i, std::size_t end, T l2, Update& update, Moments*... moments) const {
        for (; i + lanes<T> <= end; i += lanes<T>) {
            const Vector<T> p = load_anywhere(parameters + i);
            const Vector<T> g = fma(every<T>(l2), p, load_anywhere(gradient + i));
            [&](auto... moment) {
                store_anywhere(parameters + i, update(p, g, moment...));
                (store_anywhere(moments + i, moment), ...);
            }(load_anywhere(moments + i)...);
        }
        return i;
    }
    template <class Update, class... Moments>
    void numbers(std::size_t i, std::size_t end, T l2, Update& update, Moments*... moments) const {
        for (; i < end; ++i)
            if (movable == nullptr || movable[i])
                parameters[i] = update(parameters[i], fma(l2, parameters[i], gradient[i]), moments[i]...);
    }
};

template <class T>
void sgd(const Sweep<T>& sweep, T rate, T l2) {                            // w - rate g
    sweep.run(l2, [=](auto p, auto g) { return fma(g, p - p - rate, p); });
}

/// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w - rate (m / c1) / (sqrt(v / c2) + epsilon), c = 1 - b^t.
template <class T>
void adam(const Sweep<T>& sweep, T* first, T* second, T rate, T beta_1, T beta_2, T epsilon, T correction_1, T correction_2, T l2) {
    const T step = rate / correction_1;
    sweep.run(
        l2,
        [=](auto p, auto g, auto& m, auto& v) {
            m = m + (T(1) - beta_1) * (g - m);
            v = v + (T(1) - beta_2) * (g * g - v);
            return p - step * m / (root(v / correction_2) + epsilon);
        },
        first, second);
}

/// The Euclidean norm of what a step would use, L2 included, in float64: not finite if any part of it is not.
template <class T>
double norm(const Sweep<T>& sweep, double l2) {
    constexpr std::size_t parts = 8;                                       // sums that do not wait for each other
    const T *gradient = sweep.gradient, *parameters = sweep.parameters;
    const auto square = [=](std::size_t i, double decay) {
        const double g = static_cast<double>(gradient[i]) + decay * static_cast<double>(parameters[i]);
        return g * g;
    };
    const auto squares = [=](std::size_t i, std::size_t end, double decay) {
        double sum[parts] = {};
        if (sweep.movable == nullptr)
            for (; i + parts <= end; i += parts) {
                double squared[parts];
                for (std::size_t k = 0; k < parts; ++k) squared[k] = square(i + k, decay);
                for (std::size_t k = 0; k < parts; ++k) sum[k] += squared[k];
            }
        for (; i < end; ++i)
            if (sweep.movable == nullptr || sweep.movable[i]) sum[0] += square(i, decay);
        return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
    };
    return std::sqrt(squares(0, sweep.n_weights, l2) + squares(sweep.n_weights, sweep.size, 0.0));
}

}  // namespace glasshouse
