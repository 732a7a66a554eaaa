// Activations a = f(z) and their slopes f'(z), in the order of glasshouse/network/activations.py.
//
// A row is a functor of two lines. `slope` is given z and a and may read either; where it reads z, the columns keep z
// apart from a. Softmax looks across rows, so it stands by itself and only the last layer may have it.
#pragma once

#include <stdexcept>
#include <string>

#include "functions.hpp"

namespace glasshouse {

template <class V> using ElementOf = std::remove_cvref_t<decltype(V{}[0])>;

struct Identity {
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return z; }
    template <class V> static V slope(V, V a) { return (a - a) + ElementOf<V>(1); }      // NaN stays NaN
};

struct Sigmoid {                                                           // 1 / (1 + exp(-z))
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) {
        using T = ElementOf<V>;
        const V e = exp<T>(-magnitude(z));                                 // never overflows
        return select(z < 0, e, e - e + T(1)) / (T(1) + e);
    }
    template <class V> static V slope(V, V a) { return a * (ElementOf<V>(1) - a); }
};

struct Tanh {
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return tanh<ElementOf<V>>(z); }
    template <class V> static V slope(V, V a) { return fma(-a, a, V{} + ElementOf<V>(1)); }
};

struct Relu {                                                              // max(0, z); NaN stays NaN
    static constexpr bool slope_reads_z = false;
    template <class V> static V value(V z) { return select(z < 0, V{}, z); }
    template <class V> static V slope(V, V a) { return select(a > 0, V{} + ElementOf<V>(1), V{}); }
};

/// z -> z at first; the layer then turns whole columns into exp(z) / sum exp(z).
struct Softmax : Identity {};

enum class Activation { identity, sigmoid, tanh, relu, softmax };

inline constexpr const char* activation_names[] = {"identity", "sigmoid", "tanh", "relu", "softmax"};

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
