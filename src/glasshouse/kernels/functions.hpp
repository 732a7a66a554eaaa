// exp, expm1, log, log1p and tanh over a register, within 2 units in the last place (tests/kernels/test_functions.py).
//
// Our own, so that every instruction set and every C library gives the same bits. Each is a reduction to a small
// interval and a Taylor polynomial whose coefficients are written as what they are.
#pragma once

#include "simd.hpp"

namespace glasshouse {

template <class T> struct Format;
template <> struct Format<float> {
    static constexpr int fraction_bits = 23, bias = 127;
    static constexpr float rounder = 0x1.8p23f;                            // adding it rounds to a whole number
    static constexpr float ln2_high = 0x1.63p-1f, ln2_low = -0x1.bd0106p-13f;       // n * ln2_high is exact
    static constexpr float exp_low = -104.0f, exp_high = 89.0f;            // exp is 0 below, infinite above
    static constexpr int exp_terms = 8, log_terms = 5;
};
template <> struct Format<double> {
    static constexpr int fraction_bits = 52, bias = 1023;
    static constexpr double rounder = 0x1.8p52;
    static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double exp_low = -746.0, exp_high = 710.0;
    static constexpr int exp_terms = 14, log_terms = 11;
};

/// 1 / k!, so that the polynomial below reads as the series it is.
constexpr double reciprocal_factorial(int k) { return k < 2 ? 1.0 : reciprocal_factorial(k - 1) / k; }

/// 2^n as a number, for n within the exponent's range.
template <class T> inline Vector<T> power_of_two(Integers<T> n) {
    return same_bits<Vector<T>>((n + Format<T>::bias) << Format<T>::fraction_bits);
}

/// x = n ln 2 + r with |r| <= ln 2 / 2; returns exp(r) - 1 = r + r^2 / 2! + r^3 / 3! + ...
template <class T> inline Vector<T> reduced_expm1(Vector<T> x, Integers<T>& n) {
    using F = Format<T>;
    const Vector<T> rounder = every<T>(F::rounder);
    const Vector<T> shifted = fma(x, every<T>(T(1.4426950408889634074)), rounder);       // x / ln 2, rounded
    n = same_bits<Integers<T>>(shifted) - same_bits<Integers<T>>(rounder);
    const Vector<T> whole = shifted - rounder;
    Vector<T> r = fma(-whole, every<T>(F::ln2_high), x);
    r = fma(-whole, every<T>(F::ln2_low), r);
    Vector<T> sum = every<T>(T(reciprocal_factorial(F::exp_terms - 1)));
#pragma GCC unroll 16
    for (int k = F::exp_terms - 2; k >= 2; --k) sum = fma(sum, r, every<T>(T(reciprocal_factorial(k))));
    return fma(r * r, sum, r);
}

template <class T> inline Vector<T> exp(Vector<T> x) {
    x = select(x < Format<T>::exp_low, every<T>(Format<T>::exp_low), x);
    x = select(x > Format<T>::exp_high, every<T>(Format<T>::exp_high), x);
    Integers<T> n;
    const Vector<T> mantissa = T(1) + reduced_expm1<T>(x, n);
    const Integers<T> half = n >> 1;                                       // in two factors: 2^n itself may overflow
    return mantissa * power_of_two<T>(half) * power_of_two<T>(n - half);
}

/// exp(x) - 1 for x <= 0, where nothing is lost near 0.
template <class T> inline Vector<T> expm1_below(Vector<T> x) {
    x = select(x < T(-44), every<T>(T(-44)), x);                           // -1 to the last bit well before
    Integers<T> n;
    const Vector<T> part = reduced_expm1<T>(x, n);
    const Vector<T> scale = power_of_two<T>(n);
    return fma(scale, part, scale - T(1));
}

template <class T> inline Vector<T> tanh(Vector<T> x) {
    const Vector<T> expm1 = expm1_below<T>(T(-2) * magnitude(x));          // exp(-2|x|) - 1
    const Vector<T> value = -expm1 / (expm1 + T(2));
    return select(x < 0, -value, select(x == 0, x, value));                // keeps the sign of zero
}

/// log(u) + correction / u for a normal u > 0: the correction restores what rounding u lost.
template <class T> inline Vector<T> corrected_log(Vector<T> u, Vector<T> correction) {
    using F = Format<T>;
    const Integers<T> bits = same_bits<Integers<T>>(u);
    const Integers<T> root_half = same_bits<Integers<T>>(every<T>(T(0.70710678118654752440)));
    const Integers<T> n = (bits - root_half) >> F::fraction_bits;          // u = 2^n m, m between sqrt(1/2) and sqrt(2)
    const Vector<T> f = same_bits<Vector<T>>(bits - (n << F::fraction_bits)) - T(1);
    const Vector<T> s = f / (f + T(2));                                    // log(1 + f) = 2 (s + s^3 / 3 + s^5 / 5 + ...)
    const Vector<T> square = s * s;
    Vector<T> sum = every<T>(T(2.0 / (2 * F::log_terms + 1)));
#pragma GCC unroll 16
    for (int k = F::log_terms - 1; k >= 1; --k) sum = fma(sum, square, every<T>(T(2.0 / (2 * k + 1))));
    const Vector<T> whole = (same_bits<Vector<T>>(n + same_bits<Integers<T>>(every<T>(F::rounder)))) - F::rounder;
    const Vector<T> tail = fma(s, fma(square, sum, -f), fma(whole, every<T>(F::ln2_low), correction / u));
    return fma(whole, every<T>(F::ln2_high), f + tail);
}

template <class T> inline Vector<T> log(Vector<T> x) { return corrected_log<T>(x, Vector<T>{}); }

/// log(1 + x) for x >= 0.
template <class T> inline Vector<T> log1p(Vector<T> x) {
    const Vector<T> u = T(1) + x;
    return corrected_log<T>(u, x - (u - T(1)));
}

}  // namespace glasshouse
