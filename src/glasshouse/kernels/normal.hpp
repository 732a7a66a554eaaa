// The complementary error function over a register, and with it the normal distribution that gelu needs.
//
// Below 1 the Taylor series of erf. From 1 on, erfc(x) = exp(-x^2) p(t) with t = (x - 2) / (x + 2), where p interpolates
// exp(x^2) erfc(x) in Chebyshev points of t; tests/kernels/test_functions.py interpolates again and finds these numbers.
#pragma once

#include <iterator>

#include "functions.hpp"

namespace glasshouse {

template <class T> struct ErfcTail;
template <> struct ErfcTail<float> {
    static constexpr int taylor_terms = 11;
    static constexpr float coefficients[] = {
        0.2553956762f, -0.4271858501f, 0.2416582138f, -0.07897844786f, 0.003732053167f, 0.006996521884f,
        -0.0008356815743f, -0.0009950824581f, 5.890264477e-6f, 0.0002879849595f, -8.127837482e-5f,
    };
};
template <> struct ErfcTail<double> {
    static constexpr int taylor_terms = 20;
    static constexpr double coefficients[] = {
        0.25539567631050574392, -0.42718584741395839028, 0.24165819424246629306, -0.078978581015733802484,
        0.0037328924043568134804, 0.0069974617393197921881, -0.0008471432527974212145, -0.00098197702946268923012,
        0.000043555660796811107571, 0.000174361166874945818, 0.000027524530163956473503, -0.00002757887401715991016,
        -0.000013960539218812692292, 1.3775559870115060895e-6, 3.7715440108796674035e-6, 1.2504514489206527056e-6,
        -6.1975607316792423926e-7, -3.590425951142944738e-7, 2.4179809049394195348e-7, -9.3211259929283002813e-7,
        1.1171950190214924735e-6, -5.0894902572156033895e-7, 8.3386440889868816314e-8,
    };
};

/// erf(x) = 2 / sqrt(pi) (x - x^3 / 3 + x^5 / (2! 5) - ...) for |x| <= 1.
template <class T> inline Vector<T> erf_series(Vector<T> x) {
    constexpr int terms = ErfcTail<T>::taylor_terms;
    const auto term = [](int k) { return (k % 2 == 0 ? 1 : -1) * 1.1283791670955125739 * reciprocal_factorial(k) / (2 * k + 1); };
    const Vector<T> square = x * x;
    Vector<T> sum = every<T>(T(term(terms - 1)));
#pragma GCC unroll 20
    for (int k = terms - 2; k >= 0; --k) sum = fma(sum, square, every<T>(T(term(k))));
    return x * sum;
}

/// erfc(x) = 1 - erf(x) for x >= 0, within 20 units in the last place however small it gets.
template <class T> inline Vector<T> erfc(Vector<T> x) {
    constexpr auto& c = ErfcTail<T>::coefficients;
    x = select(x > 40, every<T>(T(40)), x);                                // erfc is 0 there
    const Vector<T> t = (x - T(2)) / (x + T(2)), square = x * x;
    constexpr int degree = std::size(c) - 1;
    Vector<T> sum = every<T>(c[degree]);
#pragma GCC unroll 24
    for (int k = degree - 1; k >= 0; --k) sum = fma(sum, t, every<T>(c[k]));
    const Vector<T> near = exp<T>(-square), rest = fma(x, x, -square);     // exp(-(square + rest)): what rounding lost
    return select(x < 1, T(1) - erf_series<T>(x), fma(-rest, near, near) * sum);
}

/// The share of a standard normal distribution below z.
template <class T> inline Vector<T> normal_cdf(Vector<T> z) {
    const Vector<T> tail = T(0.5) * erfc<T>(magnitude(z) * T(0.70710678118654752440));
    return select(z > 0, T(1) - tail, tail);
}

/// Its density, exp(-z^2 / 2) / sqrt(2 pi).
template <class T> inline Vector<T> normal_density(Vector<T> z) { return T(0.39894228040143267794) * exp<T>(T(-0.5) * z * z); }

}  // namespace glasshouse
