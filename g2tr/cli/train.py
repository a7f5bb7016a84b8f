"""`g2tr train`: autoencoder, unified model, export and exam, each part once, in as many pieces as it takes."""

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from g2tr import __version__
from g2tr.config import build, fingerprint, plain
from g2tr.evaluation.run_folder import RunFolder
from g2tr.files import write_atomically
from g2tr.models.bagel.config import BagelConfig
from g2tr.models.bagel.load import load_bagel, load_codec, load_tokenizer
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.transforms import preset
from g2tr.models.bagel.vae import LatentCodec
from g2tr.models.engine.attention import attend_sdpa
from g2tr.training.acceptance import targets
from g2tr.training.autoencoder_module import Autoencoder, new_vae
from g2tr.training.bagel_module import BagelModule, Objective, compile_layers, new_network
from g2tr.training.export import megabytes, write_network, write_vae
from g2tr.training.recipe import Hardware, Recipe
from g2tr.training.token_rows import entries
from g2tr.training.trainer import deadline_of, fit
from g2tr.training.transfer import transfer
from g2tr.training.validation import Result
from g2tr.training.validation_callback import ValidationCallback, stacked

log = logging.getLogger(__name__)


def train(cfg: DictConfig) -> Path:
    """Trains what is not trained yet and prints the targets; returns the run folder, which holds `export/`.

    Raises `InputError` for settings that cannot work.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    config = {"g2tr": __version__} | plain(cfg.recipe)
    training = Training(
        RunFolder(Path(cfg.outputs) / f"train-{cfg.recipe.name}-{fingerprint(config)}"),
        build(cfg.recipe),
        build(cfg.machine),
    )
    training.folder.prepare(cfg, fresh=False)
    with training.folder.logged():
        said = training.run()
    Console(soft_wrap=True, highlight=False, markup=False).print(said)
    return training.folder.path


@dataclass(frozen=True)
class Training:
    """One run: its folder, what is trained, and where."""

    folder: RunFolder
    recipe: Recipe
    machine: Hardware

    @property
    def export(self) -> Path:
        return self.folder.path / "export"

    def run(self) -> str:
        """All parts in turn; the table of targets, or how far this piece came."""
        deadline = deadline_of(self.machine)
        config = self.recipe.shape.write(self.export, entries(self.recipe.versions))
        parts = (("ae", self.train_autoencoder), ("ema", self.train_umm))
        for name, part in parts:
            start, file = time.monotonic(), self.export / f"{name}.safetensors"
            if not file.is_file() and not part(config, deadline):
                return f"The piece is over; the same command goes on with {name}.safetensors in {self.folder.path}"
            log.info("%s is there after %.0f s", file, time.monotonic() - start)
        return self.examine()

    def train_autoencoder(self, config: BagelConfig, deadline: float) -> bool:
        """Part one."""
        vae = new_vae(self.recipe.shape, self.recipe.seed)
        plan, pictures, workers = self.recipe.autoencoder, self.recipe.pictures, self.machine.painters
        part = Autoencoder(vae, plan, pictures, workers, self.recipe.kl)
        if not fit(part, self.folder.path / "autoencoder", self.machine, deadline):
            return False
        write_vae(part.conclude(config.vae), self.export / "ae.safetensors")
        return True

    def train_umm(self, config: BagelConfig, deadline: float) -> bool:
        """Part two, on the autoencoder as it is exported."""
        recipe, codec = self.recipe, load_codec(self.export / "ae.safetensors", config, True, self.machine.place)
        part = BagelModule(
            self.new_network(config),
            codec,
            recipe.umm,
            recipe.lessons,
            Objective(recipe.flow, recipe.dropping),
            self.machine.painters,
        )
        if self.machine.compile:
            compile_layers(part.trained)
        sheets = self.folder.path / "images"
        check = ValidationCallback(recipe.check, recipe.check_every, sheets, lambda network: self.model(network, codec))
        if not fit(part, self.folder.path / "umm", self.machine, deadline, [check]):
            return False
        write_network(part.averaged, self.export / "ema.safetensors")
        return True

    def new_network(self, config: BagelConfig) -> BagelNetwork:
        """Weights of the seed, and those of the checkpoint to start from where they fit."""
        network = new_network(config, self.recipe.seed)
        if self.recipe.start_from:
            known = transfer(network, self.recipe.start_from, entries(self.recipe.versions))
            log.info("%d of %d weights start from %s", *known, self.recipe.start_from)
        return network

    def model(self, network: BagelNetwork, codec: LatentCodec) -> Bagel:
        """Weights in training as a model of the contract."""
        config = network.config
        tokenizer, markers = load_tokenizer(self.export, config.language.vocab_size)
        rules = preset("official_eval", config.vae_resize, config.vit_resize)
        parts = Components(network, codec, tokenizer, markers, rules, attend_sdpa)
        return Bagel(self.recipe.name, parts, {}, self.recipe.sampling)

    def examine(self) -> str:
        """Loads the export as anyone would and writes what it can do."""
        table = self.folder.path / "targets.md"
        if not table.is_file():
            device = str(self.machine.place)
            model = load_bagel(str(self.export), dtype="float32", device=device, sampling=self.recipe.sampling)
            self.write(self.recipe.exam(model), table)
        return f"{table.read_text(encoding='utf-8')}\nTrained model: {self.export}"

    def write(self, result: Result, table: Path) -> None:
        """Numbers, pictures, and at last the table, which marks the run as complete."""
        metrics = result.numbers | {"megabytes": megabytes(self.export)}
        write_atomically(self.folder.metrics_file, json.dumps(metrics, indent=2) + "\n")
        stacked(result.sheet).save(self.folder.path / "images" / "exam.png")
        write_atomically(table, targets(result, metrics["megabytes"]) + "\n")
