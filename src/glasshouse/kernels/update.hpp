// Optimiser steps: one sweep over the flat vector of parameters, and the look at the gradient that must come first.
//
// A row is a functor that maps (parameter, gradient, its moments) to the new parameter and its reach: how far a steady
// gradient of 1 would move it. `movable` (one byte a parameter, or null) says what a step may touch; a parameter it may
// not touch keeps its moments. Penalties fall on the first n_weights parameters: biases come after them.
#pragma once

#include <cmath>
#include <mutex>

#include "simd.hpp"
#include "team.hpp"

namespace glasshouse {

template <class V> struct Step { V parameter, reach; };

/// What a step sweeps over, and what is added to it.
template <class T>
struct Sweep {
    T* parameters;
    const T* gradient;
    const std::uint8_t* movable;
    std::size_t size, n_weights;
    Team& team;
    T clip = 1;                                                            // what is left of the gradient, L2 included
    T l2 = 0;                                                              // adds l2 w to the gradient
    T keep = 1;                                                            // decoupled decay: w keep, before the step
    T l1 = 0;                                                              // pulls w towards 0 by reach l1, after the step

    /// update(parameter, gradient, first[i], second[i]...) -> Step, where moments are passed by reference.
    template <class Update, class... Moments> void run(Update&& update, Moments*... moments) const {
        const auto penalised = [&](auto p, auto g, auto&... m) {
            const auto step = update(p * keep, fma(p - p + l2, p, g) * clip, m...);
            return l1 > 0 ? shrunk(step.parameter, step.reach * l1) : step.parameter;
        };
        const auto plain = [&](auto p, auto g, auto&... m) { return update(p, g * clip, m...).parameter; };
        each_part(size, [&](std::size_t begin, std::size_t end) {
            sweep(begin, end < n_weights ? end : n_weights, penalised, moments...);
            sweep(begin < n_weights ? n_weights : begin, end, plain, moments...);
        });
    }
    /// body(begin, end) over [0, count), by the team where there is enough of it; parts begin on whole registers.
    template <class Body> void each_part(std::size_t count, Body&& body) const {
        constexpr std::size_t block = 1024;
        constexpr double work = 30;                                        // a number swept takes as long as so many flops
        team.divide((count + block - 1) / block, work * static_cast<double>(count), [&](std::size_t begin, std::size_t end) {
            body(begin * block, end * block < count ? end * block : count);
        });
    }

private:
    /// The proximal step of L1: towards 0 by `by`, and no further.
    template <class V> static V shrunk(V p, V by) { return select(p > by, p - by, select(p < -by, p + by, p - p)); }

    template <class Update, class... Moments>
    void sweep(std::size_t i, std::size_t end, Update& update, Moments*... moments) const {
        if (movable == nullptr)
            for (; i + lanes<T> <= end; i += lanes<T>)
                [&](auto... moment) {
                    store_anywhere(parameters + i, update(load_anywhere(parameters + i), load_anywhere(gradient + i), moment...));
                    (store_anywhere(moments + i, moment), ...);
                }(load_anywhere(moments + i)...);
        for (; i < end; ++i)
            if (movable == nullptr || movable[i]) parameters[i] = update(parameters[i], gradient[i], moments[i]...);
    }
};

template <class T>
void sgd(const Sweep<T>& sweep, T rate) {                                  // w - rate g
    sweep.run([=]<class V>(V p, V g) -> Step<V> { return {fma(g, p - p - rate, p), p - p + rate}; });
}

// Shares such as 1 - beta are handed in, because they are right only where they are formed in float64.

/// u = momentum u + g;  w - rate u, or, looking ahead (Nesterov), w - rate (g + momentum u);  reach = rate / (1 - momentum).
template <class T>
void momentum(const Sweep<T>& sweep, T* velocity, T rate, T momentum, bool nesterov, T reach) {
    sweep.run(
        [=]<class V>(V p, V g, V& u) -> Step<V> {
            u = momentum * u + g;
            return {p - rate * (nesterov ? g + momentum * u : u), p - p + reach};
        },
        velocity);
}

/// v = v + share (g^2 - v);  w - rate g / (sqrt(v) + epsilon).
template <class T>
void rmsprop(const Sweep<T>& sweep, T* second, T rate, T share, T epsilon) {
    sweep.run(
        [=]<class V>(V p, V g, V& v) -> Step<V> {
            v = v + share * (g * g - v);
            const V reach = rate / (root(v) + epsilon);
            return {p - reach * g, reach};
        },
        second);
}

/// m = m + share_1 (g - m);  v = v + share_2 (g^2 - v);  w - rate (m unbias_1) / (sqrt(v unbias_2) + epsilon).
template <class T>
void adam(const Sweep<T>& sweep, T* first, T* second, T rate, T share_1, T share_2, T epsilon, T unbias_1, T unbias_2) {
    sweep.run(
        [=]<class V>(V p, V g, V& m, V& v) -> Step<V> {
            m = m + share_1 * (g - m);
            v = v + share_2 * (g * g - v);
            const V reach = rate / (root(v * unbias_2) + epsilon);
            return {p - reach * (m * unbias_1), reach};
        },
        first, second);
}

/// average += share (parameters - average): the running mean of the weights.
template <class T> void average(T* average, const T* parameters, std::size_t size, T share) {
    for (std::size_t i = 0; i < size; ++i) average[i] += share * (parameters[i] - average[i]);
}

/// The largest magnitude of what may move among [begin, end) of an array; NaN if any part of it is not a number.
template <class T> T largest_of(const Sweep<T>& sweep, const T* array, std::size_t begin, std::size_t end) {
    Vector<T> most{}, nothing{};
    const auto take = [&](Vector<T> v) {
        most = larger(magnitude(v), most);
        nothing += v - v;                                                  // 0, unless v is not a finite number
    };
    std::size_t i = begin;
    if (sweep.movable == nullptr)
        for (; i + lanes<T> <= end; i += lanes<T>) take(load_anywhere(array + i));
    for (; i < end; ++i)
        if (sweep.movable == nullptr || sweep.movable[i]) take(every<T>(array[i]));
    T all = 0;
    for (std::size_t k = 0; k < lanes<T>; ++k) all = (most[k] > all ? most[k] : all) + nothing[k];
    return all;
}

/// The same of the first `count` of an array, by the team: which part is larger does not depend on who looked.
template <class T> T largest(const Sweep<T>& sweep, const T* array, std::size_t count) {
    std::mutex turn;
    T all = 0;
    sweep.each_part(count, [&](std::size_t begin, std::size_t end) {
        const T part = largest_of(sweep, array, begin, end);
        const std::lock_guard lock(turn);
        if (!(part <= all) && all == all) all = part;                      // a part that is no number stays
    });
    return all;
}

/// What guards a step: the largest magnitude of the gradient it would use, L2 included.
template <class T> double largest(const Sweep<T>& sweep) {
    const double gradient = largest(sweep, sweep.gradient, sweep.size);
    return sweep.l2 > 0 ? gradient + static_cast<double>(sweep.l2) * largest(sweep, sweep.parameters, sweep.n_weights) : gradient;
}

/// A sum of terms from -bound to bound, in float64, that neither their order nor zeros among them can change (after Demmel and
/// Nguyen 2013): each term is rounded to a grid so coarse that the sum of all is exact, and what that left to a finer one.
/// term(parameters, gradient) gives a register of terms.
template <class T, class Term>
double exact_sum(const Sweep<T>& sweep, std::size_t begin, std::size_t end, double bound, Term&& term) {
    std::size_t count = end - begin;
    if (sweep.movable != nullptr) {
        count = 0;
        for (std::size_t i = begin; i < end; ++i) count += sweep.movable[i] != 0;
    }
    const double whole = 2 * static_cast<double>(count) * bound;
    if (!(whole > 0 && whole < 1e300)) return whole;                       // nothing, not a number, or too large to be summed
    const auto grid = [](double sum) { return std::ldexp(1.5, std::ilogb(sum) + 1); };
    const double coarse = grid(whole), fine = grid(static_cast<double>(count) * std::ldexp(coarse, -52));
    constexpr std::size_t chains = 4;                                      // that do not wait for each other
    Vector<double> high[chains]{}, low[chains]{};
    const auto take = [&](std::size_t k, Vector<double> p, Vector<double> g) {
        const Vector<double> t = term(p, g), rounded = (t + coarse) - coarse;
        high[k] += rounded;
        low[k] += ((t - rounded) + fine) - fine;
    };
    std::size_t i = begin;
    if (sweep.movable == nullptr)
        for (; i + chains * lanes<double> <= end; i += chains * lanes<double>)
#pragma GCC unroll 4
            for (std::size_t k = 0; k < chains; ++k)
                take(k, load_wide(sweep.parameters + i + k * lanes<double>), load_wide(sweep.gradient + i + k * lanes<double>));
    for (; i < end; ++i)
        if (sweep.movable == nullptr || sweep.movable[i]) {
            Vector<double> p{}, g{};
            p[0] = static_cast<double>(sweep.parameters[i]), g[0] = static_cast<double>(sweep.gradient[i]);
            take(0, p, g);
        }
    double above = 0, below = 0;
    for (std::size_t k = 0; k < chains; ++k)
        for (std::size_t lane = 0; lane < lanes<double>; ++lane) above += high[k][lane], below += low[k][lane];
    return above + below;
}

/// The Euclidean norm of the gradient that a step would use, L2 included.
template <class T> double norm(const Sweep<T>& sweep) {
    const double l2 = static_cast<double>(sweep.l2), most = largest(sweep);
    if (!(most > 0 && most < 1e300)) return most;
    const auto square = [=](double decay) {                                // of shares of the largest: no square overflows
        return [=](Vector<double> p, Vector<double> g) {
            const Vector<double> share = (g + decay * p) / most;
            return share * share;
        };
    };
    return most * std::sqrt(exact_sum(sweep, 0, sweep.n_weights, 1, square(l2)) +
                            exact_sum(sweep, sweep.n_weights, sweep.size, 1, square(0.0)));
}

/// a b over what may move, for any two vectors in the layout of the parameters.
template <class T> double dot(const Sweep<T>& sweep, const T* a, const T* b) {
    const Sweep<T> pair{const_cast<T*>(a), b, sweep.movable, sweep.size, sweep.n_weights, sweep.team};
    const double bound = static_cast<double>(largest(pair, a, sweep.size)) * static_cast<double>(largest(pair, b, sweep.size));
    return exact_sum(pair, 0, sweep.size, bound, [](Vector<double> p, Vector<double> g) { return p * g; });
}

/// What the penalties add to the loss: l2 / 2 sum of w^2 + l1 sum of |w|.
template <class T> double penalty(const Sweep<T>& sweep) {
    const double l2 = static_cast<double>(sweep.l2), l1 = static_cast<double>(sweep.l1);
    if (l2 == 0 && l1 == 0) return 0;
    const double most = largest(sweep, sweep.parameters, sweep.n_weights);
    return exact_sum(sweep, 0, sweep.n_weights, l2 / 2 * most * most + l1 * most,
                     [=](Vector<double> p, Vector<double>) { return l2 / 2 * p * p + l1 * magnitude(p); });
}

}  // namespace glasshouse
