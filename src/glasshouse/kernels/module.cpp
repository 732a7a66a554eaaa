// What Python sees of the arithmetic: submodules float32 and float64, alike; see __init__.pyi for the words.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <thread>

#include "dropout.hpp"
#include "gather.hpp"
#include "losses.hpp"
#include "row.hpp"
#include "sparse.hpp"
#include "update.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace glasshouse {
namespace {

template <class T> using Flat = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T> using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Places = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Mask = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void expect(std::size_t found, std::size_t wanted, const char* what) {
    if (found != wanted)
        throw std::invalid_argument(std::string(what) + " has " + std::to_string(found) + " places where " + std::to_string(wanted) + " are needed");
}

/// Whether a pattern's rows start one after the other, and end at its end.
bool ascending(const Places& starts, std::size_t end) {
    bool good = starts(0) == 0 && static_cast<std::size_t>(starts(starts.size() - 1)) == end;
    for (std::size_t i = 1; i < starts.size(); ++i) good = good && starts(i - 1) <= starts(i);
    return good;
}

bool within(const Places& places, std::size_t end) {
    for (std::size_t k = 0; k < places.size(); ++k)
        if (places(k) < 0 || static_cast<std::size_t>(places(k)) >= end) return false;
    return true;
}

/// Runs a whole operation without the interpreter, where it is long enough to be worth the hand-over.
template <class Body> decltype(auto) released(std::size_t work, Body&& body) {
    if (work < 100'000) return body();
    nb::gil_scoped_release release;
    return body();
}

template <class T> nb::object view(nb::handle owner, const Columns<T>& columns, T* data) {
    if (data == nullptr) return nb::none();
    const std::size_t shape[] = {columns.rows, columns.capacity};
    const std::int64_t strides[] = {static_cast<std::int64_t>(columns.stride), 1};
    return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<2>>(data, 2, shape, owner, strides));
}

template <class T> void bind_columns(nb::module_& m) {
    using C = Columns<T>;
    nb::class_<C>(m, "Columns")
        .def(nb::init<std::size_t, std::size_t, const std::string&, bool, bool>(), "rows"_a, "capacity"_a, "activation"_a = "identity",
             "keep_z"_a = false, "keep_delta"_a = false)
        .def_ro("rows", &C::rows)
        .def_ro("capacity", &C::capacity)
        .def_prop_ro("nbytes", [](const C& c) {
            return c.rows * c.stride * sizeof(T) * (1u + c.keeps_z() + (c.delta != nullptr)); })
        .def_prop_ro("a", [](nb::handle_t<C> self) { auto& c = nb::cast<C&>(self); return view<T>(self, c, c.a); })
        .def_prop_ro("z", [](nb::handle_t<C> self) { auto& c = nb::cast<C&>(self); return view<T>(self, c, c.keeps_z() ? c.z : nullptr); })
        .def_prop_ro("delta", [](nb::handle_t<C> self) { auto& c = nb::cast<C&>(self); return view<T>(self, c, c.delta); })
        .def("clear_past", [](C& c, std::size_t n) {
            c.sweep(n);
            for (std::size_t r = 0; r < c.rows; ++r) c.clear_past(n, c.a + r * c.stride); }, "n"_a);
}

/// A layer together with the arrays it borrows: they live as long as it does.
template <class L, class... Owned> struct Bound : L {
    std::tuple<Owned...> owned;
    template <class... Args> Bound(std::tuple<Owned...> owned, Args&&... args) : L(std::forward<Args>(args)...), owned(std::move(owned)) {}
};

template <class T> T* data_of(auto& array) { return array ? array->data() : nullptr; }

/// Columns that keep delta need a place for the gradient.
void expect_gradient(const auto& here, const auto& dw, const auto& db) {
    if (here.delta != nullptr && !(dw && db)) throw std::invalid_argument("a layer that keeps delta needs dw and db");
    if (db) expect(db->size(), here.rows, "db");
}

template <class L, class B> void bind_passes(nb::class_<B>& layer, auto work) {
    layer
        .def("forward", [work](B& l, std::size_t n) { released(work(l) * n, [&] { l.forward(n); }); }, "n"_a)
        .def("backward", [work](B& l, std::size_t n, bool add) { released(work(l) * n, [&] { l.backward(n, add); }); }, "n"_a, "add"_a = false);
}

/// A layer on a pattern, whichever way it multiplies; what goes forward only needs no column order.
using Way = std::optional<Places>;

template <class T, class L> void bind_sparse(nb::module_& m, const char* name) {
    using S = Bound<L, Flat<const T>, Flat<const T>, std::optional<Flat<T>>, std::optional<Flat<T>>, Places, Places, Way, Way, Way>;
    nb::class_<S> sparse(m, name);
    sparse.def("__init__", [](S* self, Places row_starts, Places inputs, Way column_starts, Way outputs, Way order,
                              Flat<const T> w, Flat<const T> b, std::optional<Flat<T>> dw, std::optional<Flat<T>> db, Columns<T>& below, Columns<T>& here,
                              Team& team) {
        const std::size_t connections = w.size();
        expect(row_starts.size(), here.rows + 1, "row_starts");
        expect(inputs.size(), connections, "the pattern");
        if (here.delta != nullptr && !(column_starts && outputs && order))
            throw std::invalid_argument("a layer that goes back needs its connections in column order too");
        if (column_starts) expect(column_starts->size(), below.rows + 1, "column_starts");
        for (const auto* places : {&outputs, &order})
            if (*places) expect((*places)->size(), connections, "the pattern");
        expect(b.size(), here.rows, "b");
        if (dw) expect(dw->size(), connections, "dw");
        expect_gradient(here, dw, db);
        if (!ascending(row_starts, connections) || !within(inputs, below.rows) || (column_starts && !ascending(*column_starts, connections)) ||
            (outputs && !within(*outputs, here.rows)) || (order && !within(*order, connections)))
            throw std::invalid_argument("the pattern points outside the layer");
        const Pattern pattern{row_starts.data(), inputs.data(), data_of<const std::int32_t>(column_starts), data_of<const std::int32_t>(outputs), data_of<const std::int32_t>(order)};
        new (self) S({w, b, dw, db, row_starts, inputs, column_starts, outputs, order}, pattern, w.data(), b.data(),
                     data_of<T>(dw), data_of<T>(db), below, here, team);
    }, "row_starts"_a.noconvert(), "inputs"_a.noconvert(), "column_starts"_a.noconvert().none(), "outputs"_a.noconvert().none(),
        "order"_a.noconvert().none(), "w"_a.noconvert(), "b"_a.noconvert(), "dw"_a.noconvert().none(), "db"_a.noconvert().none(), "below"_a, "here"_a, "team"_a,
        nb::keep_alive<1, 11>(), nb::keep_alive<1, 12>(), nb::keep_alive<1, 13>());
    bind_passes<L>(sparse, [](const S& l) { return std::get<0>(l.owned).size(); });
}

template <class T> void bind_layers(nb::module_& m) {
    using D = Bound<Dense<T>, Matrix<const T>, Flat<const T>, std::optional<Matrix<T>>, std::optional<Flat<T>>>;
    nb::class_<D> dense(m, "Dense");
    dense.def("__init__", [](D* self, Matrix<const T> w, Flat<const T> b, std::optional<Matrix<T>> dw, std::optional<Flat<T>> db,
                         Columns<T>& below, Columns<T>& here, Team& team) {
        expect(w.shape(0), here.rows, "w");
        expect(w.shape(1), below.rows, "a row of w");
        expect(b.size(), here.rows, "b");
        if (dw) expect(dw->shape(0), here.rows, "dw"), expect(dw->shape(1), below.rows, "a row of dw");
        expect_gradient(here, dw, db);
        new (self) D({w, b, dw, db}, w.data(), b.data(), data_of<T>(dw), data_of<T>(db), below, here, team);
    }, "w"_a.noconvert(), "b"_a.noconvert(), "dw"_a.noconvert().none(), "db"_a.noconvert().none(), "below"_a, "here"_a, "team"_a,
        nb::keep_alive<1, 6>(), nb::keep_alive<1, 7>(), nb::keep_alive<1, 8>());
    bind_passes<Dense<T>>(dense, [](const D& l) { return std::get<0>(l.owned).size(); });

    bind_sparse<T, Sparse<T>>(m, "Sparse");
    bind_sparse<T, Filled<T>>(m, "Filled");
}

template <class T> void bind_losses(nb::module_& m) {
    using L = Loss<T>;
    nb::class_<L>(m, "Loss")
        .def(nb::init<const std::string&, Columns<T>&, Columns<T>&, Columns<T>&>(), "name"_a, "output"_a, "target"_a, "weight"_a,
             nb::keep_alive<1, 3>(), nb::keep_alive<1, 4>(), nb::keep_alive<1, 5>())
        .def("__call__", [](L& loss, std::size_t n) { return loss(n); }, "n"_a)
        .def("curvature", [](L& loss, std::size_t n, Columns<T>& into) { return loss.curvature(n, into); }, "n"_a, "into"_a);
    m.def("pull_back", [](Columns<T>& output, std::size_t n) { pull_back(output, n); }, "output"_a, "n"_a);
}

using Key = std::pair<std::uint32_t, std::uint32_t>;

template <class T> void bind_dropout(nb::module_& m) {
    using D = Dropout<T>;
    nb::class_<D> dropout(m, "Dropout");
    dropout
        .def(nb::init<Columns<T>&, Columns<T>&, double, std::uint32_t>(), "below"_a, "here"_a, "rate"_a, "layer"_a,
             nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>())
        .def("draw", [](D& d, Key seed, std::uint64_t step) { d.draw({seed.first, seed.second}, step); }, "seed"_a, "step"_a)
        .def("rest", &D::rest);
    bind_passes<D>(dropout, [](const D& d) { return d.rows(); });
}

template <class T, class From> void bind_gather(nb::module_& m) {
    using Rows = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
    m.def("gather", [](nb::ndarray<const From, nb::ndim<2>, nb::c_contig, nb::device::cpu> X, Rows rows, Columns<T>& columns) {
        expect(X.shape(1), columns.rows, "a row of X");
        released(rows.size() * columns.rows, [&] { gather<T, From>(X.data(), X.shape(1), X.shape(0), rows.data(), rows.size(), columns); });
    }, "X"_a.noconvert(), "rows"_a.noconvert(), "columns"_a);
}

template <class T, class From, class Place> void bind_gather_sparse(nb::module_& m) {
    using Rows = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
    m.def("gather_sparse", [](Flat<const From> values, Flat<const Place> places, Flat<const Place> starts, Rows rows, Columns<T>& columns) {
        expect(places.size(), values.size(), "the pattern of X");
        if (starts.size() == 0) throw std::invalid_argument("X has no rows");
        released(rows.size() * columns.rows, [&] {
            gather_sparse<T, From, Place>(values.data(), places.data(), starts.data(), values.size(), starts.size() - 1, rows.data(),
                                          rows.size(), columns);
        });
    }, "values"_a.noconvert(), "places"_a.noconvert(), "starts"_a.noconvert(), "rows"_a.noconvert(), "columns"_a);
}

const std::uint8_t* mask_of(const std::optional<Mask>& movable, std::size_t size) {
    if (!movable) return nullptr;
    expect(movable->size(), size, "the mask");
    return movable->data();
}

/// What every step begins with: the arrays of a sweep, then what is added to it.
template <class T> struct Arrays {
    Flat<T> parameters;
    Flat<const T> gradient;
    std::optional<Mask> movable;
    std::size_t n_weights;
    Team* team;

    Sweep<T> sweep(T clip, T l2, T keep, T l1) const {
        expect(gradient.size(), parameters.size(), "the gradient");
        if (n_weights > parameters.size()) throw std::invalid_argument("more weights than parameters");
        return {parameters.data(), gradient.data(), mask_of(movable, parameters.size()), parameters.size(), n_weights, *team, clip, l2, keep, l1};
    }
    T* moment(const Flat<T>& array, const char* name) const {
        expect(array.size(), parameters.size(), name);
        return array.data();
    }
};

template <class T> void bind_updates(nb::module_& m) {
    using A = Arrays<T>;
    nb::class_<A>(m, "Arrays")
        .def("__init__", [](A* self, Flat<T> parameters, Flat<const T> gradient, std::optional<Mask> movable, std::size_t n_weights, Team& team) {
            new (self) A{parameters, gradient, movable, n_weights, &team};
            self->sweep(1, 0, 1, 0);
        }, "parameters"_a.noconvert(), "gradient"_a.noconvert(), "movable"_a.noconvert().none(), "n_weights"_a, "team"_a,
            nb::keep_alive<1, 6>())
        .def("largest", [](const A& a, T l2) {
            const auto sweep = a.sweep(1, l2, 1, 0);
            return released(sweep.size, [&] { return largest(sweep); });
        }, "l2"_a)
        .def("norm", [](const A& a, T l2) {
            const auto sweep = a.sweep(1, l2, 1, 0);
            return released(sweep.size, [&] { return norm(sweep); });
        }, "l2"_a)
        .def("penalty", [](const A& a, T l2, T l1) {
            const auto sweep = a.sweep(1, l2, 1, l1);
            return released(sweep.size, [&] { return penalty(sweep); });
        }, "l2"_a, "l1"_a)
        .def("dot", [](const A& a, Flat<const T> u, Flat<const T> v) {
            const auto sweep = a.sweep(1, 0, 1, 0);
            expect(u.size(), sweep.size, "a vector");
            expect(v.size(), sweep.size, "a vector");
            return released(sweep.size, [&] { return dot(sweep, u.data(), v.data()); });
        }, "u"_a.noconvert(), "v"_a.noconvert())
        .def("sgd", [](const A& a, T rate, T clip, T l2, T keep, T l1) {
            const auto sweep = a.sweep(clip, l2, keep, l1);
            released(sweep.size, [&] { sgd(sweep, rate); });
        }, "rate"_a, "clip"_a, "l2"_a, "keep"_a, "l1"_a)
        .def("momentum", [](const A& a, Flat<T> velocity, T rate, T share, bool nesterov, T reach, T clip, T l2, T keep, T l1) {
            const auto sweep = a.sweep(clip, l2, keep, l1);
            T* u = a.moment(velocity, "the velocity");
            released(sweep.size, [&] { momentum(sweep, u, rate, share, nesterov, reach); });
        }, "velocity"_a.noconvert(), "rate"_a, "momentum"_a, "nesterov"_a, "reach"_a, "clip"_a, "l2"_a, "keep"_a, "l1"_a)
        .def("rmsprop", [](const A& a, Flat<T> second, T rate, T share, T epsilon, T clip, T l2, T keep, T l1) {
            const auto sweep = a.sweep(clip, l2, keep, l1);
            T* v = a.moment(second, "the second moment");
            released(sweep.size, [&] { rmsprop(sweep, v, rate, share, epsilon); });
        }, "second"_a.noconvert(), "rate"_a, "share"_a, "epsilon"_a, "clip"_a, "l2"_a, "keep"_a, "l1"_a)
        .def("adam", [](const A& a, Flat<T> first, Flat<T> second, T rate, T share_1, T share_2, T epsilon, T unbias_1,
                        T unbias_2, T clip, T l2, T keep, T l1) {
            const auto sweep = a.sweep(clip, l2, keep, l1);
            T *m = a.moment(first, "the first moment"), *v = a.moment(second, "the second moment");
            released(sweep.size, [&] { adam(sweep, m, v, rate, share_1, share_2, epsilon, unbias_1, unbias_2); });
        }, "first"_a.noconvert(), "second"_a.noconvert(), "rate"_a, "share_1"_a, "share_2"_a, "epsilon"_a, "unbias_1"_a,
            "unbias_2"_a, "clip"_a, "l2"_a, "keep"_a, "l1"_a);
    m.def("average", [](Flat<T> average, Flat<const T> parameters, T share) {
        expect(average.size(), parameters.size(), "the average");
        released(parameters.size(), [&] { glasshouse::average(average.data(), parameters.data(), parameters.size(), share); });
    }, "average"_a.noconvert(), "parameters"_a.noconvert(), "share"_a);
}

/// A row predictor and the array its answers stand in.
template <class T> struct Answering : Row<T> {
    explicit Answering(std::size_t n_features) : Row<T>(n_features) {}
    T* answer = nullptr;                                                   // of the array, which may outlive this
    nb::object array;
};

template <class T> void bind_row(nb::module_& m) {
    using R = Answering<T>;
    nb::class_<R>(m, "Row")
        .def(nb::init<std::size_t>(), "n_features"_a)
        .def_ro("n_features", &R::n_features)
        .def_prop_ro("n_outputs", [](const R& r) { return r.n_outputs(); })
        .def("add_dense", [](R& r, Matrix<const T> w, Flat<const T> b, const std::string& activation) {
            expect(w.shape(1), r.n_outputs(), "a row of w");
            expect(b.size(), w.shape(0), "b");
            r.add_dense(w.data(), b.data(), w.shape(0), activation);
            r.array.reset();
        }, "w"_a.noconvert(), "b"_a.noconvert(), "activation"_a)
        .def("add_sparse", [](R& r, Places starts, Places outputs, Places order, Flat<const T> w, Flat<const T> b, const std::string& activation) {
            expect(starts.size(), r.n_outputs() + 1, "column_starts");
            for (const auto* places : {&outputs, &order}) expect(places->size(), w.size(), "the pattern");
            if (!ascending(starts, w.size()) || !within(outputs, b.size()) || !within(order, w.size())) throw std::invalid_argument("the pattern points outside the layer");
            r.add_sparse(starts.data(), outputs.data(), order.data(), w.size(), w.data(), b.data(), b.size(), activation);
            r.array.reset();
        }, "column_starts"_a.noconvert(), "outputs"_a.noconvert(), "order"_a.noconvert(), "w"_a.noconvert(), "b"_a.noconvert(), "activation"_a)
        .def("__call__", [](nb::handle_t<R> self, Flat<const T> x) {
            R& r = nb::cast<R&>(self);
            expect(x.size(), r.n_features, "the row");
            if (!r.array.is_valid()) {
                const std::size_t shape[] = {r.n_outputs()};
                r.answer = new T[shape[0]]();
                nb::capsule owner(r.answer, [](void* p) noexcept { delete[] static_cast<T*>(p); });
                r.array = nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(r.answer, 1, shape, owner));
            }
            r.run(x.data(), r.answer);
            return r.array;
        }, "x"_a.noconvert())
        .def("__call__", [](const R& r, nb::handle) -> nb::object {
            const std::string type = sizeof(T) == 4 ? "float32" : "float64";
            throw nb::type_error(("a row is a contiguous array of " + std::to_string(r.n_features) + " numbers, " + type + ": pass np.asarray(x, np." + type + ")").c_str());
        }, "x"_a.none());
}

/// out = body(in) for an array of any length, through whole registers: for the tables of units and their tests. Not inlined,
/// since GCC 12 breaks on many of them in one function.
template <class T> [[gnu::noinline]] void each(const Flat<const T>& in, Flat<T>& out, auto&& body) {
    expect(out.size(), in.size(), "the output");
    for (std::size_t i = 0; i < in.size(); i += lanes<T>) {
        const std::size_t count = in.size() - i < lanes<T> ? in.size() - i : lanes<T>;
        alignas(line_bytes) T part[lanes<T>] = {};
        std::memcpy(part, in.data() + i, count * sizeof(T));
        store(part, body(load(part)));
        std::memcpy(out.data() + i, part, count * sizeof(T));
    }
}

template <class T> void bind_functions(nb::module_& m) {
    const auto function = [&m](const char* name, auto body) {
        m.def(name, [body](Flat<const T> x, Flat<T> out) { each<T>(x, out, body); }, "x"_a.noconvert(), "out"_a.noconvert());
    };
    function("exp", [](Vector<T> x) { return exp<T>(x); });
    function("log", [](Vector<T> x) { return log<T>(x); });
    function("log1p", [](Vector<T> x) { return log1p<T>(x); });
    function("erfc", [](Vector<T> x) { return erfc<T>(x); });
    const auto of_activation = [&m](const char* name, auto body) {
        m.def(name, [body](Flat<const T> z, Flat<T> out, const std::string& activation) {
            with(activation_named(activation), [&]<class F>(F f) { each<T>(z, out, [&](Vector<T> v) { return body(f, v); }); });
        }, "z"_a.noconvert(), "out"_a.noconvert(), "name"_a);
    };
    of_activation("activate", []<class F>(F, Vector<T> z) { return F::value(z); });
    of_activation("slope", []<class F>(F, Vector<T> z) { return F::slope(z, F::value(z)); });
    of_activation("curvature", []<class F>(F, Vector<T> z) { return F::curvature(z, F::value(z)); });
}

template <class T> void bind_all(nb::module_ m) {
    bind_columns<T>(m);
    bind_layers<T>(m);
    bind_losses<T>(m);
    bind_dropout<T>(m);
    bind_gather<T, float>(m);
    bind_gather<T, double>(m);
    bind_gather<T, std::uint8_t>(m);
    bind_gather_sparse<T, float, std::int32_t>(m);
    bind_gather_sparse<T, float, std::int64_t>(m);
    bind_gather_sparse<T, double, std::int32_t>(m);
    bind_gather_sparse<T, double, std::int64_t>(m);
    bind_updates<T>(m);
    bind_row<T>(m);
    bind_functions<T>(m);
}

}  // namespace
}  // namespace glasshouse

NB_MODULE(GLASSHOUSE_MODULE, m) {
    using namespace glasshouse;
    m.doc() = "The arithmetic of networks, compiled for one instruction set.";
    m.attr("register_bytes") = register_bytes;
    nb::class_<Team>(m, "Team").def(nb::init<int>(), "size"_a).def_prop_ro("size", &Team::size);
    bind_all<float>(m.def_submodule("float32", "Arithmetic in float32."));
    bind_all<double>(m.def_submodule("float64", "Arithmetic in float64."));
}
