// One register of the instruction set this module is compiled for, as a value; sums over the batch; fused multiply-add.
//
// Everything above is written once against these few names. The batch is always swept in blocks of 64 bytes, whatever
// the register: that is what makes a sum over the batch the same number under AVX2 and AVX-512.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace glasshouse {

#if defined(__AVX512F__)
inline constexpr std::size_t register_bytes = 64;
#elif defined(__AVX2__)
inline constexpr std::size_t register_bytes = 32;
#else
inline constexpr std::size_t register_bytes = 16;
#endif
inline constexpr std::size_t line_bytes = 64;                              // a cache line, and a block of the batch
inline constexpr std::size_t registers_per_line = line_bytes / register_bytes;

template <class T>
struct Registers {
    typedef T type __attribute__((vector_size(register_bytes)));
    typedef T aligned __attribute__((vector_size(register_bytes), may_alias));
    typedef T unaligned __attribute__((vector_size(register_bytes), may_alias, aligned(alignof(T))));
};

template <class T> using Vector = typename Registers<T>::type;
template <class T> struct IntegerOf;
template <> struct IntegerOf<float> { using type = std::int32_t; };
template <> struct IntegerOf<double> { using type = std::int64_t; };
template <class T> using Integers = Vector<typename IntegerOf<T>::type>;    // what a comparison of two Vector<T> gives

template <class T> inline constexpr std::size_t lanes = register_bytes / sizeof(T);
template <class T> inline constexpr std::size_t line = line_bytes / sizeof(T);      // numbers in a block of the batch

/// Columns to sweep for a batch of n: whole blocks, because columns past n weigh nothing.
template <class T> constexpr std::size_t padded(std::size_t n) { return (n + line<T> - 1) / line<T> * line<T>; }

template <class T> inline Vector<T> load(const T* p) { return *reinterpret_cast<const typename Registers<T>::aligned*>(p); }
template <class T> inline void store(T* p, Vector<T> v) { *reinterpret_cast<typename Registers<T>::aligned*>(p) = v; }
template <class T> inline Vector<T> load_anywhere(const T* p) { return *reinterpret_cast<const typename Registers<T>::unaligned*>(p); }
template <class T> inline void store_anywhere(T* p, Vector<T> v) { *reinterpret_cast<typename Registers<T>::unaligned*>(p) = v; }
template <class T> inline Vector<T> every(T value) { return value - Vector<T>{}; }

// fma(a, b, c) = a b + c, rounded once. The compiler may not contract on its own (-ffp-contract=off): which sums are
// fused is part of the arithmetic, so that two instruction sets agree. x86-64-v2 has no such instruction and rounds twice.
#if defined(__AVX512F__)
inline Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return _mm512_fmadd_ps(a, b, c); }
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) { return _mm512_fmadd_pd(a, b, c); }
inline Vector<double> load_wide(const float* p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
inline Vector<float> root(Vector<float> v) { return _mm512_maskz_sqrt_ps(0xFFFF, v); }   // the plain one warns of its own header
inline Vector<double> root(Vector<double> v) { return _mm512_maskz_sqrt_pd(0xFF, v); }
#elif defined(__AVX2__)
inline Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return _mm256_fmadd_ps(a, b, c); }
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) { return _mm256_fmadd_pd(a, b, c); }
inline Vector<double> load_wide(const float* p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
inline Vector<float> root(Vector<float> v) { return _mm256_sqrt_ps(v); }
inline Vector<double> root(Vector<double> v) { return _mm256_sqrt_pd(v); }
#else
template <class V> inline V each_root(V v) {
    for (std::size_t i = 0; i < sizeof(V) / sizeof(v[0]); ++i) v[i] = __builtin_sqrt(v[i]);
    return v;
}
inline Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return a * b + c; }
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) { return a * b + c; }
inline Vector<double> load_wide(const float* p) { return Vector<double>{p[0], p[1]}; }
inline Vector<float> root(Vector<float> v) { return each_root(v); }
inline Vector<double> root(Vector<double> v) { return each_root(v); }
#endif
inline Vector<double> load_wide(const double* p) { return load_anywhere(p); }     // as many numbers as fit in float64
#if defined(__FMA__)
inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
inline float fma(float a, float b, float c) { return a * b + c; }
inline double fma(double a, double b, double c) { return a * b + c; }
#endif
inline float root(float v) { return __builtin_sqrtf(v); }
inline double root(double v) { return __builtin_sqrt(v); }

template <class V> inline V select(auto mask, V yes, V no) { return mask ? yes : no; }
template <class V> inline V larger(V a, V b) { return select(a > b, a, b); }           // b where a is NaN
template <class V> inline V magnitude(V v) { return select(v < 0, -v, v); }
template <class To, class From> inline To same_bits(From from) { To to; std::memcpy(&to, &from, sizeof to); return to; }

/// 64 bytes of running sums over the batch, folded at the end in one fixed order: halves onto halves.
template <class T>
struct BatchSum {
    Vector<T> part[registers_per_line] = {};

    void add(const T* a) {
        for (std::size_t r = 0; r < registers_per_line; ++r) part[r] += load(a + r * lanes<T>);
    }
    Vector<T> half_folded() const {                                        // to one register: its lanes are still to fold
        Vector<T> sums[registers_per_line];
        for (std::size_t r = 0; r < registers_per_line; ++r) sums[r] = part[r];
        for (std::size_t half = registers_per_line / 2; half > 0; half /= 2)
            for (std::size_t r = 0; r < half; ++r) sums[r] += sums[r + half];
        return sums[0];
    }
    T fold() const {
        const Vector<T> folded = half_folded();
        T sums[lanes<T>];
        for (std::size_t i = 0; i < lanes<T>; ++i) sums[i] = folded[i];
        for (std::size_t half = lanes<T> / 2; half > 0; half /= 2)
            for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
        return sums[0];
    }
};

/// The sums over the batch of O rows of d times I rows x(i), each folded to one register: O I of them, `step` apart by row of d.
/// Every term is fused, and each sum keeps its 64 bytes of lanes in registers: O and I are what fits.
template <std::size_t O, std::size_t I, class T, class Rows>
inline void batch_products(const T* d, std::size_t d_stride, std::size_t columns, Vector<T>* folded, std::size_t step, Rows&& x) {
    const T* rows[I];
    for (std::size_t i = 0; i < I; ++i) rows[i] = x(i);
    BatchSum<T> sum[O][I];
    for (std::size_t c = 0; c < columns; c += line<T>)
        for (std::size_t r = 0; r < registers_per_line; ++r) {
            Vector<T> right[I];
            for (std::size_t i = 0; i < I; ++i) right[i] = load(rows[i] + c + r * lanes<T>);
            for (std::size_t o = 0; o < O; ++o) {
                const Vector<T> left = load(d + o * d_stride + c + r * lanes<T>);
                for (std::size_t i = 0; i < I; ++i) sum[o][i].part[r] = fma(left, right[i], sum[o][i].part[r]);
            }
        }
    for (std::size_t o = 0; o < O; ++o)
        for (std::size_t i = 0; i < I; ++i) folded[o * step + i] = sum[o][i].half_folded();
}

/// One step of a fold takes the halves of two registers at once: (a low | b low) + (a high | b high), in groups of lanes.
template <class T, std::size_t half, std::size_t... lane>
inline Vector<T> fold_two(Vector<T> a, Vector<T> b, std::index_sequence<lane...>) {
    return __builtin_shufflevector(a, b, (lane / half % 2 * lanes<T> + lane / (2 * half) * (2 * half) + lane % half)...) +
           __builtin_shufflevector(a, b, (lane / half % 2 * lanes<T> + lane / (2 * half) * (2 * half) + lane % half + half)...);
}

/// Folds as many registers as one has lanes, each as `fold` would: lane k of the result is the sum of v[k].
template <class T, std::size_t half = lanes<T> / 2> inline Vector<T> fold_together(Vector<T>* v) {
    for (std::size_t k = 0; k < half; ++k) v[k] = fold_two<T, half>(v[k], v[k + half], std::make_index_sequence<lanes<T>>{});
    if constexpr (half > 1) return fold_together<T, half / 2>(v);
    return v[0];
}

/// One step of turning a square: of each group of 2 half lanes, the first halves of both, and the second halves of both.
template <class T, std::size_t half, std::size_t... lane>
inline void swap_halves(Vector<T>& a, Vector<T>& b, std::index_sequence<lane...>) {
    const Vector<T> first = __builtin_shufflevector(a, b, (lane % (2 * half) < half ? lane : lanes<T> + lane - half)...);
    b = __builtin_shufflevector(a, b, (lane % (2 * half) < half ? lane + half : lanes<T> + lane)...);
    a = first;
}

/// A square of as many registers as one has lanes, turned: lane k of register i becomes lane i of register k.
template <class T, std::size_t half = lanes<T> / 2> inline void transpose(Vector<T>* v) {
    for (std::size_t k = 0; k < lanes<T>; ++k)
        if (k % (2 * half) < half) swap_halves<T, half>(v[k], v[k + half], std::make_index_sequence<lanes<T>>{});
    if constexpr (half > 1) transpose<T, half / 2>(v);
}

/// Puts sums over the batch in their places, or adds them there, as many at once as a register has lanes.
template <class T>
class Folder {
public:
    explicit Folder(bool add) : add_(add) {}
    ~Folder() { flush(); }
    Folder(const Folder&) = delete;

    void put(Vector<T> folded, T* place) {
        waiting_[count_] = folded;
        places_[count_] = place;
        if (++count_ == lanes<T>) flush();
    }

private:
    void flush() {
        const Vector<T> sums = fold_together<T>(waiting_);
        T each[lanes<T>];
        store_anywhere(each, sums);
        for (std::size_t k = 0; k < count_; ++k) *places_[k] = add_ ? *places_[k] + each[k] : each[k];
        count_ = 0;
    }

    const bool add_;
    std::size_t count_ = 0;
    Vector<T> waiting_[lanes<T>] = {};
    T* places_[lanes<T>];
};

}  // namespace glasshouse
