"""Which pictures are looked at, and what is right and wrong in their overlays (read off them by a program's eye)."""

from __future__ import annotations

ASSUMED_UM = 0.33  # of panels whose source gives no scale
TUNED_ON = ("zhao2019_figS1a", "zhao2019_figS3b_05", "chen2019_fig1d_GA", "chen2019_fig1f_10")
_HOURS = ("0p5h", "1p0h", "1p5h", "2p0h", "2p5h", "3p0h", "3p5h", "4p0h")
_DOSES = ("PBS", "0p1", "1", "10", "20")
_STAINED = ("NDST1", "PIGK", "CPQ", "EOGT")
PANELS = (
    "chen2019_fig1d_GA", "chen2019_fig1d_MeOH", "chen2019_fig1d_PFA",
    *(f"chen2019_fig1e_{hour}" for hour in _HOURS),
    *(f"chen2019_fig1f_{dose}" for dose in _DOSES),
    "zhao2019_figS1a", *(f"zhao2019_figS3b_{number:02d}" for number in range(1, 7)),
    *(f"zhao2019_fig1g_{marker}_{what}" for marker in _STAINED for what in ("TSPAN4GFP", "marker", "merge")),
    "wu2017_fig1D",
)  # fmt: skip
CONTROLS = (
    "turku_mcf7", "ndev_neuron", "ndev_scratch_assay", "stardist_nuclei", "trackpy_beads_000",
    "zhao2019_fig1a_TEM", "zhao2019_fig1b_migrasome", "zhao2019_fig1b_exosomes", "exosome_TEM",
)  # fmt: skip
_SPECKLE = "Noise of an antibody stain: spots on TSPAN4 vesicles are real, circles and lines elsewhere lie on speckle."
_MERGE = "As its TSPAN4 panel: one colour of a merge is measured."
_FILM = (
    "Cell, long fibres and the rings on them are right. False: out-of-focus discs called free (lower middle),"
    " a body piece of the small round cell called a vesicle, debris at the lower right traced as fibre stubs."
    " Missed: bright doublets, dim dots. The bright branched thing at the right, perhaps what a cell left, "
    "counts as fibres."
)
JUDGED: dict[str, str] = {
    "chen2019_fig1d_GA": (
        "Bodies, thick fibres and large vesicles right; rings on dim fibres and small round vesicles missed, dim "
        "long fibres hardly traced; comb of fibres below joined sideways; outlines under masks are invented; the "
        "bright star at the right is nothing. False: 14, most on forks and bright places of fibres."
    ),
    "chen2019_fig1d_MeOH": (
        "Fibres right; beads of broken fibres are sized, 21 more are points; two finds sit on a piece of body at "
        "the left border; comb of fibres by the cells joined sideways."
    ),
    "chen2019_fig1d_PFA": (
        "Vesicles and fibres of the cell right; about 20 short lines on bare ground to the right and below are "
        "false, from correlated noise."
    ),
    **{f"chen2019_fig1e_{hour}": _FILM for hour in _HOURS},
    "chen2019_fig1e_2p5h": "As 0p5h, and ground between fibres is taken for bodies.",
    "chen2019_fig1f_PBS": ("Body and its fibres right, far fibres followed in pieces; the one find is debris."),
    "chen2019_fig1f_0p1": (
        "Two of six finds are ends of the body's processes, one is at the left border; the dim fibre network at "
        "the right is missed whole, its vesicles with it."
    ),
    "chen2019_fig1f_1": (
        "Finds are right but called free, since their dim fibres are missed; about as many dim ones are missed; "
        "one find is a bright speck beside the body."
    ),
    "chen2019_fig1f_10": (
        "Large vesicles right; small ones are listed as points and not counted; dim fibres break into Y-shaped "
        "pieces. False: three rods, a fibre's end, the body's end at the left border."
    ),
    "chen2019_fig1f_20": (
        "Vesicles in the tail right; fibres around the body right, far ones in pieces; one find at the lower body"
        " edge is doubtful."
    ),
    "zhao2019_figS1a": (
        "All large rings right, tail traced; small ones are points; debris at the upper left and right is traced "
        "as fibres with stubs. False: a fork of fibres by the body, a bend, a rod. One of a touching pair is "
        "missed."
    ),
    "zhao2019_figS3b_01": _MERGE,
    "zhao2019_figS3b_02": (
        "Circles that are drawn are right but for one too wide; about ten clear rings are missed, and a third of "
        "the fibres; lines side by side make some shafts junctions."
    ),
    "zhao2019_figS3b_03": (
        "PIGK: all bright discs right; faint discs and one speck called too; fibres hardly labelled, so free says"
        " nothing."
    ),
    "zhao2019_figS3b_04": _MERGE,
    "zhao2019_figS3b_05": (
        "Fibres right with false bridges between parallel ones; eight clear swellings missed, spindles measured "
        "as balls and placed off; most are called junctions since neighbours touch."
    ),
    "zhao2019_figS3b_06": ("CPQ: bright spots right, half of them as points; the lines between them are false."),
    "zhao2019_fig1g_NDST1_TSPAN4GFP": (
        "Bright tree right; two large vesicles on it missed; the thin net in the background is half real; circles"
        " at the upper left are fibre."
    ),
    "zhao2019_fig1g_PIGK_TSPAN4GFP": (
        "All large rings right; between them beaded fibres give false joins; four small circles lie on fibre."
    ),
    "zhao2019_fig1g_CPQ_TSPAN4GFP": (
        "Twelve clear vesicles right; false: edge of the body, one fibre end, one rod; missed: one of a touching "
        "pair; half of the broken fibres untraced, so two are called free."
    ),
    "zhao2019_fig1g_EOGT_TSPAN4GFP": (
        "Vesicles right; small ones as points; the white border has a fibre star beside it; lines bend from dot to dot."
    ),
    **{f"zhao2019_fig1g_{marker}_marker": _SPECKLE for marker in _STAINED},
    **{f"zhao2019_fig1g_{marker}_merge": _MERGE for marker in _STAINED},
    "wu2017_fig1D": (
        "Wrong use: gaps between pictures are taken for fibres, and a white border for a cell. Cut into its "
        "pictures it works (growth table)."
    ),
    "turku_mcf7": ("Filopodia are traced as fibres of the cell; one curled tip is called a migrasome: false."),
    "ndev_neuron": ("No vesicle called; the soma is no cell here, and lines are traced inside it: false."),
    "stardist_nuclei": ("No vesicle called; two thirds of the nuclei are bodies, touching ones as one."),
    "trackpy_beads_000": (
        "Wrong use: dark on light. Bright gaps between beads are called fibres and vesicles, and nothing says "
        "that the picture is of another kind."
    ),
}
