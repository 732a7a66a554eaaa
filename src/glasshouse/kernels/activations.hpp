// Activations a = f(z), their slopes f'(z) and curvatures f''(z), in the order of glasshouse/network/activations.py.
//
// A row is a functor of three lines. `slope` and `curvature` are given z and a and may read either; where they read z, the
// columns keep z apart from a. Softmax looks across rows, so it stands by itself and only the last layer may have it.
#pragma once

#include <stdexcept>
#include <string>

#include "normal.hpp"

namespace glasshouse {

template <class V> using ElementOf = std::remove_cvref_t<decltype(V{}[0])>;

/// z kept within a range where f'(z) and f''(z) are at their limits, so that infinity times zero does not arise.
template <class V> inline V within(V z, double limit) {
    const V far = V{} + ElementOf<V>(limit);
    return select(z > far, far, select(z < -far, -far, z));
}

struct Identity {
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return z; }
    template <class V> static V slope(V, V a) { return (a - a) + ElementOf<V>(1); }      // NaN stays NaN
    template <class V> static V curvature(V, V) { return V{}; }
};

struct Sigmoid {                                                           // 1 / (1 + exp(-z))
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) {
        using T = ElementOf<V>;
        const V e = exp<T>(-magnitude(z));                                 // never overflows
        return select(z < 0, e, e - e + T(1)) / (T(1) + e);
    }
    template <class V> static V slope(V, V a) { return a * (ElementOf<V>(1) - a); }
    template <class V> static V curvature(V z, V a) { return slope(z, a) * (ElementOf<V>(1) - ElementOf<V>(2) * a); }
};

struct Tanh {
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return tanh<ElementOf<V>>(z); }
    template <class V> static V slope(V, V a) { return fma(-a, a, V{} + ElementOf<V>(1)); }
    template <class V> static V curvature(V z, V a) { return ElementOf<V>(-2) * a * slope(z, a); }
};

struct Relu {                                                              // max(0, z); NaN stays NaN
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return select(z < 0, V{}, z); }
    template <class V> static V slope(V, V a) { return select(a > 0, V{} + ElementOf<V>(1), V{}); }
    template <class V> static V curvature(V, V) { return V{}; }
};

struct LeakyRelu {                                                         // max(z / 100, z)
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return select(z < 0, ElementOf<V>(0.01) * z, z); }
    template <class V> static V slope(V, V a) { return select(a > 0, V{} + ElementOf<V>(1), V{} + ElementOf<V>(0.01)); }
    template <class V> static V curvature(V, V) { return V{}; }
};

struct Elu {                                                               // z above 0, exp(z) - 1 below
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return select(z > 0, z, expm1_below<ElementOf<V>>(select(z > 0, V{}, z))); }
    template <class V> static V slope(V, V a) { return select(a > 0, V{} + ElementOf<V>(1), a + ElementOf<V>(1)); }
    template <class V> static V curvature(V, V a) { return select(a > 0, V{}, a + ElementOf<V>(1)); }
};

struct Softplus {                                                          // log(1 + exp(z)); f' is the sigmoid, 1 - exp(-a)
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) {
        using T = ElementOf<V>;
        return select(z < 0, V{}, z) + log1p<T>(exp<T>(-magnitude(z)));
    }
    template <class V> static V slope(V, V a) { return -expm1_below<ElementOf<V>>(-a); }
    template <class V> static V curvature(V z, V a) { return slope(z, a) * exp<ElementOf<V>>(-a); }
};

struct Gelu {                                                              // z times the normal distribution below z
    static constexpr bool slope_reads_z = true;
    template <class V> static V value(V z) {
        using T = ElementOf<V>;
        return select(z < T(-50), T(0) * within(z, 50), z) * normal_cdf<T>(z);
    }
    template <class V> static V slope(V z, V) {
        using T = ElementOf<V>;
        const V near = within(z, 50);
        return fma(near, normal_density<T>(near), normal_cdf<T>(near));
    }
    template <class V> static V curvature(V z, V) {
        using T = ElementOf<V>;
        const V near = within(z, 50);
        return normal_density<T>(near) * fma(-near, near, V{} + T(2));
    }
};

struct Silu {                                                              // z sigmoid(z)
    static constexpr bool slope_reads_z = true;
    template <class V> static V value(V z) { return select(z < ElementOf<V>(-800), ElementOf<V>(0) * within(z, 800), z) * Sigmoid::value(z); }
    template <class V> static V slope(V z, V) {
        const V s = Sigmoid::value(z);
        return s * fma(within(z, 800), ElementOf<V>(1) - s, V{} + ElementOf<V>(1));
    }
    template <class V> static V curvature(V z, V) {
        using T = ElementOf<V>;
        const V s = Sigmoid::value(z);
        return s * (T(1) - s) * fma(within(z, 800), T(1) - T(2) * s, V{} + T(2));
    }
};

struct Exp {                                                               // a mean on the scale of its logarithm
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return exp<ElementOf<V>>(z); }
    template <class V> static V slope(V, V a) { return a; }
    template <class V> static V curvature(V, V a) { return a; }
};

struct Sign {                                                              // 1 above 0, else -1: a decision, without slope
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) {
        const V one = V{} + ElementOf<V>(1);
        return select(z > 0, one, select(z <= 0, -one, z));
    }
    template <class V> static V slope(V, V) { return V{}; }
    template <class V> static V curvature(V, V) { return V{}; }
};

/// z -> z at first; the layer then turns whole columns into exp(z) / sum exp(z).
struct Softmax : Identity {};

enum class Activation { identity, sigmoid, tanh, relu, leaky_relu, elu, softplus, gelu, silu, exp, sign, softmax };

inline constexpr const char* activation_names[] = {"identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu",
                                                   "softplus", "gelu", "silu", "exp", "sign", "softmax"};

inline Activation activation_named(const std::string& name) {
    int id = 0;
    for (const char* known : activation_names) {
        if (name == known) return static_cast<Activation>(id);
        ++id;
    }
    throw std::invalid_argument("no activation is called '" + name + "'");
}

/// Calls body with the functor of an activation.
template <class Body> decltype(auto) with(Activation activation, Body&& body) {
    switch (activation) {
        case Activation::sigmoid: return body(Sigmoid{});
        case Activation::tanh: return body(Tanh{});
        case Activation::relu: return body(Relu{});
        case Activation::leaky_relu: return body(LeakyRelu{});
        case Activation::elu: return body(Elu{});
        case Activation::softplus: return body(Softplus{});
        case Activation::gelu: return body(Gelu{});
        case Activation::silu: return body(Silu{});
        case Activation::exp: return body(Exp{});
        case Activation::sign: return body(Sign{});
        case Activation::softmax: return body(Softmax{});
        default: return body(Identity{});
    }
}

inline bool slope_reads_z(Activation activation) {
    return with(activation, [](auto f) { return decltype(f)::slope_reads_z; });
}

/// a = softmax(z) for one register of columns, the largest z of each column taken out first.
template <class T> inline void softmax(const T* z, T* a, std::size_t rows, std::size_t stride) {
    Vector<T> largest = load(z);
    for (std::size_t r = 1; r < rows; ++r) largest = larger(load(z + r * stride), largest);
    Vector<T> sum{};
    for (std::size_t r = 0; r < rows; ++r) {
        const Vector<T> e = exp<T>(load(z + r * stride) - largest);
        store(a + r * stride, e);
        sum += e;
    }
    for (std::size_t r = 0; r < rows; ++r) store(a + r * stride, load(a + r * stride) / sum);
}

}  // namespace glasshouse
