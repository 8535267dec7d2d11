"""The report of a study of domain shift."""

from __future__ import annotations

from collections.abc import Iterable

from lesionlab.image.files import read_volume
from lesionlab.kinds.exhibits import Cell, Curve, Exhibit, Matrix, Measured, Plot, Sheet, Table, Tile
from lesionlab.metrics.bootstrap import Interval
from lesionlab.studies.remedies import Site, image_paths
from lesionlab.studies.report import Page, p_words, words
from lesionlab.studies.shift import Pair, ShiftStudy, Trained
from lesionlab.studies.thumbnails import thumbnail
from lesionlab.task import Task

_SHOWN = 4
_NOTES = (
    "Figures at two sites are of different patients: a gap between them mixes the shift with how hard the cases are.",
    "How well sites are told apart is the area under the curve of a classifier that tells their images (logistic regression, "
    "cross-validated by patient): 0.5 when it cannot, 1 when it always can. It says that sites differ, not that it matters.",
    "The distance is the root mean square difference of ten measures of the images (brightness, noise, sharpness, ...), in "
    "pooled standard deviations.",
    "Intensity transport is the mean way that intensities must be moved to become the other site's (Wasserstein), in standard "
    "deviations of the first site.",
    "Histogram standardisation: landmarks of each image go to the mean landmarks of the model's own site (Nyul and Udupa 1999).",
    "Batch-norm adaptation: statistics from the site's own images, without labels, mixed with the old ones as 16 images "
    "(Schneider et al. 2020); the same images are then scored.",
    "Every remedy is scored on the same cases as the model without it; intervals by drawing patients anew.",
)


def page(task: Task, study: ShiftStudy) -> Page:
    """What people read of the study."""
    facts: list[tuple[str, Cell]] = [("task", f"{task.title} ({task.name})")]
    facts += [
        (f"site {site.name}", f"{len(image_paths(site.folder))} images in {site.folder.name}") for site in study.sites
    ]
    facts += [(f"model {one.name}", _version(study, one)) for one in study.models]
    exhibits: list[Exhibit] = [_matrix(study), _distances(study), *_fall(study)]
    exhibits += [_remedies(study)] if study.tried else []
    exhibits += [_pictures(site) for site in study.sites]
    title = f"{task.title}: from one site to another"
    return Page(title, tuple(_lead(study)), tuple(facts), tuple(exhibits), (*study.untried, *_NOTES))


def _version(study: ShiftStudy, model: Trained) -> str:
    return next(str(cell.scores.get("task_model", "")) for cell in study.cells if cell.model == model)


def _lead(study: ShiftStudy) -> Iterable[str]:
    for model in study.models:
        row = [cell for cell in study.cells if cell.model == model]
        name = row[0].figure.name
        places = ", ".join(f"{words(cell.figure)} at {cell.site.name}" for cell in row)
        yield f"{model.name[:1].upper()}{model.name[1:]}: {name} {places}."
    for one in study.tried:
        if one.figures[0].low > 0 or one.figures[0].high < 0:
            verb = "helps" if one.figures[0].difference > 0 else "harms"
            yield f"At {one.site}, {one.remedy} {verb} ({one.model}): {one.figures[0].difference:+.3f}."


def _matrix(study: ShiftStudy) -> Matrix:
    cells = tuple(tuple(_figure(study, model, site) for site in study.sites) for model in study.models)
    return Matrix(
        "Every model at every site",
        f"{study.cells[0].figure.name[:1].upper()}{study.cells[0].figure.name[1:]}, with 95 % intervals.",
        "model",
        "tested at",
        tuple(model.name for model in study.models),
        tuple(site.name for site in study.sites),
        cells,
    )


def _figure(study: ShiftStudy, model: Trained, site: Site) -> Measured | None:
    cell = study.cell(model, site.name)
    return None if cell is None else cell.figure


def _distances(study: ShiftStudy) -> Table:
    rows = tuple(_pair(pair) for pair in study.pairs)
    columns = (
        "sites",
        "told by images",
        "told by the network",
        "distance, sd",
        "intensity transport",
        "what differs most",
    )
    text = (
        "Told by: the area under the curve of a classifier that tells the two sites' images, or the network's features."
    )
    return Table("How far the sites lie apart", columns, rows, text)


def _pair(pair: Pair) -> tuple[Cell, ...]:
    name = f"{pair.first}, {pair.second}"
    if pair.apart is None:
        return name, "too few patients", None, None, None, None
    most = ", ".join(f"{measure} ({gap:+.1f} sd)" for measure, gap in pair.apart.largest)
    network = pair.apart.network
    return (
        name,
        _interval(pair.apart.images),
        None if network is None else _interval(network),
        pair.apart.distance,
        pair.apart.transport,
        most,
    )


def _fall(study: ShiftStudy) -> Iterable[Plot]:
    """How much a model loses where the images are how different; with a single other site there is nothing to see."""
    curves = [Curve(model.name, *_losses(study, model), "points") for model in study.models]
    drawn = [curve for curve in curves if len(curve.x) > 1]
    if drawn:
        x, y = ([value for curve in drawn for value in getattr(curve, axis)] for axis in ("x", "y"))
        yield Plot(
            "Does the distance foretell the loss?",
            "Each mark is a site: how far its images lie from those of the model's own site, and how the model's figure "
            "changes there. Marks that fall to the right say that the distance matters for this task.",
            "distance of the images from the model's own site, standard deviations",
            "change of the figure",
            tuple(drawn),
            x_range=(0.0, 1.1 * max(x)),
            y_range=(min(-0.05, 1.2 * min(y)), max(0.05, 1.2 * max(y))),
        )


def _losses(study: ShiftStudy, model: Trained) -> tuple[tuple[float, ...], tuple[float, ...]]:
    home = study.cell(model, model.home)
    points = []
    for pair in study.pairs:
        away = next((name for name in (pair.first, pair.second) if name != model.home), "")
        cell = study.cell(model, away)
        if home is not None and cell is not None and pair.apart is not None and model.home in (pair.first, pair.second):
            points.append((pair.apart.distance, cell.figure.value - home.figure.value))
    points.sort()
    return tuple(x for x, _ in points), tuple(y for _, y in points)


def _remedies(study: ShiftStudy) -> Table:
    rows = tuple(
        (
            one.remedy,
            one.model,
            one.site,
            figure.name,
            figure.theirs,
            figure.ours,
            words(Measured("", figure.difference, figure.low, figure.high)),
            p_words(figure.p),
        )
        for one in study.tried
        for figure in one.figures[:1]
    )
    columns = ("remedy", "model", "site", "figure", "without", "with", "difference (95 % interval)", "p")
    return Table("What helps", columns, rows, "The same cases with and without the remedy.")


def _pictures(site: Site) -> Sheet:
    images = image_paths(site.folder)
    shown = images[:: max(1, len(images) // _SHOWN)][:_SHOWN]
    tiles = tuple(Tile(image.name, thumbnail(read_volume(image))) for image in shown)
    return Sheet(f"Images of {site.name}", "Each between its own 1st and 99th percentile.", tiles)


def _interval(found: Interval) -> str:
    return words(Measured("", found.mean, found.low, found.high))
